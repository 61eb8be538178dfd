import type { Responder } from '../http/responder.js';
import type { Call } from '../http/route.js';

/** The stream of server-sent events. */
export class Live {
  async follow(_call: Call, responder: Responder, _lastId: string | undefined): Promise<void> {
    responder.json(501, {});
  }

  close(): void {}
}
