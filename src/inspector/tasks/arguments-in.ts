import { decodeMessage } from '../../message/task-message.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';

/** The arguments of a message; undefined for bytes that are no call, and for what is sealed with a key that this process does not have. */
export function argumentsIn(message: string, payloads: PayloadCodec): readonly unknown[] | undefined {
  try {
    return decodeMessage(message, payloads).args;
  } catch {
    return undefined;
  }
}
