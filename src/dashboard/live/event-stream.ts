import { Refused } from '../http/refused.js';
import type { Responder } from '../http/responder.js';
import type { Call } from '../http/route.js';
import type { Sample } from './sampler.js';
import type { LiveEvents } from './snapshot.js';

/** The times of a stream, in ms. */
export interface StreamTimes {
  /** something is sent at least so often, so that both sides notice a connection that is gone */
  readonly atLeastMs: number;
  /** it ends after that time: the browser connects anew, and passes the guards of the app again */
  readonly endAfterMs: number;
}

/** The browser connects anew after so long, in ms. */
const RETRY_MS = 1_000;

/**
 * Server-sent events for one who looks. A sample that shows nothing new is not sent. A reader that is slow gets the newest sample next,
 * and none of those between: nothing is kept for it but that.
 */
export class EventStream {
  readonly ended: Promise<void>;
  private readonly write: (piece: string) => boolean;
  private readonly beat: NodeJS.Timeout;
  private readonly limit: NodeJS.Timeout;
  private settle: () => void = () => {};
  private newest: Sample | undefined;
  private sent: Pick<Sample, 'likeness'> | undefined;
  private sentAtMs = performance.now();
  private isBusy = false;
  private isOver = false;

  constructor(
    private readonly call: Pick<Call, 'rights' | 'by'>,
    private readonly responder: Responder,
    private readonly times: StreamTimes,
    private readonly lastId: string | undefined,
  ) {
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.write = responder.stream('text/event-stream; charset=utf-8');
    responder.onGone(() => this.end());
    this.write(`retry: ${RETRY_MS}\n\n`);
    this.beat = setInterval(() => this.heartbeat(), times.atLeastMs);
    this.limit = setTimeout(() => this.finish('renew', {}), times.endAfterMs);
  }

  offer(sample: Sample): void {
    this.newest = sample;
    if (!this.isBusy) void this.pump();
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.beat);
    clearTimeout(this.limit);
    if (this.responder.isOpen) this.responder.end();
    this.settle();
  }

  private async pump(): Promise<void> {
    this.isBusy = true;
    while (this.newest && !this.isOver) {
      const sample = this.newest;
      this.newest = undefined;
      if (!this.isDue(sample)) continue;
      if (!(await this.call.rights.may('view'))) {
        const { code, message, remedy } = Refused.right('view', this.call.by);
        this.finish('denied', { code, message, remedy });
        break;
      }
      if (this.isOver) break;
      this.sent = sample;
      this.sentAtMs = performance.now();
      if (!this.write(`id: ${sample.id}\nevent: ${sample.event}\ndata: ${sample.data}\n\n`))
        await this.responder.drained();
    }
    this.isBusy = false;
  }

  /** A reader that comes back has the last sample that it got. */
  private isDue({ id, likeness }: Sample): boolean {
    if (this.sent === undefined && id === this.lastId) {
      this.sent = { likeness };
      return false;
    }
    return likeness !== this.sent?.likeness || performance.now() - this.sentAtMs >= this.times.atLeastMs;
  }

  /** Behind one that is still in the way nothing is put. */
  private heartbeat(): void {
    if (!this.isBusy && performance.now() - this.sentAtMs >= this.times.atLeastMs) this.write(': still there\n\n');
  }

  private finish<E extends 'renew' | 'denied'>(event: E, data: LiveEvents[E]): void {
    if (this.isOver) return;
    if (this.responder.isOpen) this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    this.end();
  }
}
