import { OutboxRelay, type RelayOptions } from '../outbox/relay.js';
import { soon } from '../values/soon.js';
import { PeriodicLoop } from './periodic-loop.js';

const RETRY_MS = 1_000;
/** A database that does not answer must not keep an app from closing, in ms. */
const LONGEST_STOP_MS = 5_000;

export interface OutboxLoopOptions extends Omit<RelayOptions, 'onWake'> {
  /** All that waited is sent. */
  readonly onSuccess: () => void;
}

/** Lets a relay take rows to Redis, when they are announced and now and then. */
export class OutboxLoop extends PeriodicLoop {
  private readonly relay: OutboxRelay;
  private announced = false;

  constructor(private readonly options: OutboxLoopOptions) {
    super(RETRY_MS, options.onError);
    this.relay = new OutboxRelay({ ...options, onWake: () => this.wake() });
  }

  /** Resolves to when to look again, in ms. */
  async tick(): Promise<number> {
    this.announced = false;
    const { nextInMs, stuck } = await this.relay.round();
    if (!stuck) this.options.onSuccess();
    // a row may have come behind the last look
    return this.announced ? 0 : nextInMs;
  }

  /** Resolves when nothing is relayed any more, or the database does not answer; its connection ends with the pool then. */
  override async stop(): Promise<void> {
    await soon(Promise.all([super.stop(), this.relay.stop()]), LONGEST_STOP_MS);
  }

  private wake(): void {
    this.announced = true;
    this.hurry();
  }
}
