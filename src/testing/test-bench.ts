import type { SendLeniency } from '../broker/port/send-leniency.js';
import type { RedisReplacement } from '../broker/port/tokens.js';
import { type Clock, systemClock } from '../values/clock.js';
import { type BrokerObserver, MemoryBroker, type SentMessage } from './memory/memory-broker.js';

/**
 * How a test handles the tasks that an app sends, see `TaskQueueTestingModule`.
 *
 * @example
 * const mode: TestMode = 'inline';
 * const testing = TaskQueueTestingModule.forRoot({ mode });
 */
export type TestMode = 'fake' | 'inline' | 'memory';

/** The replacements of Redis in one app: the clock, the broker once the app has made it, and its observers. */
export class TestBench implements RedisReplacement, BrokerObserver {
  /** The clock of the app. Only that in memory is moved; otherwise the fake timers of a test apply. */
  readonly clock: Clock = () => this.time ?? systemClock();
  readonly impatient: boolean;
  readonly isRunning: boolean;
  /** The test of a whole app refuses the same as production. */
  leniency: SendLeniency = { anyClass: false, anyQueue: false };
  broker: MemoryBroker | undefined;
  onSent: (messages: readonly SentMessage[]) => Promise<void> = async () => {};
  onAwaited: (id: string) => Promise<void> = async () => {};
  onReady: (message: SentMessage, isNew: boolean) => void = () => {};
  onCancelled: (id: string) => void = () => {};
  /** where the clock in memory stands */
  private time: number | undefined;

  /**
   * @param setSystemTime called with the time in memory whenever it is moved
   * @param now where the clock in memory begins
   */
  constructor(
    readonly mode: TestMode = 'fake',
    private readonly setSystemTime: (now: Date) => void = () => {},
    now?: Date,
  ) {
    if (now) this.moveTo(now.getTime());
    else if (mode === 'memory') this.time = Date.now();
    this.impatient = mode === 'inline';
    this.isRunning = mode !== 'fake';
  }

  makeBroker(queues: readonly string[]): MemoryBroker {
    this.broker = new MemoryBroker(queues, this);
    return this.broker;
  }

  /** Moves the time in memory. */
  moveTo(time: number): void {
    this.time = time;
    this.setSystemTime(new Date(time));
  }
}
