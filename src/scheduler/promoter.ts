import type { PromoterBroker } from '../broker/broker.js';
import { PeriodicLoop } from './periodic-loop.js';

/** Moved by one script at most: it holds up everyone else while it runs. */
const BATCH = 500;
const RETRY_MS = 200;
/** Should an alarm be lost, a task is late by this much at most, in ms. */
const LONGEST_SLEEP_MS = 5_000;

export interface PromoterOptions {
  readonly broker: PromoterBroker;
  readonly onError: (error: unknown) => void;
}

/**
 * Moves scheduled tasks to their queues when they are due. It sleeps until then; a task that is due earlier rings the
 * alarm. Every supervisor runs one; the script lets each task be moved once.
 */
export class Promoter {
  private readonly loop: PeriodicLoop;

  constructor(private readonly options: PromoterOptions) {
    this.loop = new PeriodicLoop(() => this.tick(), { retryMs: RETRY_MS, onError: options.onError });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    this.options.broker.stopWaiting();
    await this.loop.stop();
  }

  /** Moves all that is due, then waits for the next. */
  async tick(): Promise<number> {
    const { broker } = this.options;
    const { moved, nextInMs = LONGEST_SLEEP_MS } = await broker.promote(BATCH);
    if (moved < BATCH && nextInMs > 0) await broker.waitForAlarm(Math.min(nextInMs, LONGEST_SLEEP_MS));
    return 0;
  }
}
