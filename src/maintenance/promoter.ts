import type { PromoterBroker } from '../broker/port/broker.js';
import { PeriodicLoop, periodically } from './periodic-loop.js';

/** Moved by one script at most: other commands wait for it. */
export const MOST_PROMOTED = 500;
const RETRY_MS = 200;
/** Should an alarm be lost, a task is late by this much at most, in ms. */
const LONGEST_SLEEP_MS = 5_000;

export interface PromoterOptions {
  readonly broker: PromoterBroker;
  /** The alarm rang: something is due earlier than others knew. */
  readonly onAlarm?: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Moves scheduled tasks to their queues when they are due. It sleeps until then, by a timer of its own, because a blocking
 * command of Redis ends up to 100 ms late; a task that is due earlier rings the alarm. Every supervisor runs one; the
 * script lets each task be moved once.
 */
export class Promoter extends PeriodicLoop {
  private readonly listening: PeriodicLoop;
  private rung = false;

  constructor(private readonly options: PromoterOptions) {
    super(RETRY_MS, options.onError);
    this.listening = periodically(() => this.listen(), RETRY_MS, options.onError);
  }

  override start(): void {
    super.start();
    this.listening.start();
  }

  override async stop(): Promise<void> {
    this.options.broker.stopWaiting();
    await Promise.all([super.stop(), this.listening.stop()]);
  }

  /** Moves what is due. Resolves to when to look again, in ms. */
  async tick(): Promise<number> {
    this.rung = false;
    const { moved, nextInMs = LONGEST_SLEEP_MS, refused = [] } = await this.options.broker.promote(MOST_PROMOTED);
    for (const error of refused) this.options.onError(error);
    return moved === MOST_PROMOTED || this.rung ? 0 : Math.min(nextInMs, LONGEST_SLEEP_MS);
  }

  private async listen(): Promise<number> {
    if (await this.options.broker.waitForAlarm(LONGEST_SLEEP_MS)) {
      // a tick that is under way may have looked too early
      this.rung = true;
      this.hurry();
      this.options.onAlarm?.();
    }
    return 0;
  }
}
