import type { AppBroker } from '../broker/port/broker.js';
import type { SendLeniency } from '../broker/port/send-leniency.js';
import type { RedisReplacement } from '../broker/port/tokens.js';
import { type Clock, systemClock } from '../values/clock.js';
import { type BrokerObserver, ObservedBroker, type SentMessage } from './memory/observed-broker.js';
import { VirtualClock } from './memory/virtual-clock.js';

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
  /** Only the clock in memory is moved; otherwise the fake timers of a test apply. */
  readonly virtual: VirtualClock | undefined;
  /** The clock of the app. */
  readonly clock: Clock;
  readonly impatient: boolean;
  /** The test of a whole app refuses the same as production. */
  leniency: SendLeniency = { anyClass: false, anyQueue: false };
  broker: ObservedBroker | undefined;
  onSent: (messages: readonly SentMessage[]) => Promise<void> = async () => {};
  onCancelled: (id: string) => void = () => {};

  /** @param setSystemTime called with the time in memory whenever it is moved */
  constructor(
    readonly mode: TestMode = 'fake',
    private readonly setSystemTime: (now: Date) => void = () => {},
  ) {
    this.virtual = mode === 'memory' ? new VirtualClock(Date.now()) : undefined;
    this.clock = this.virtual?.now ?? systemClock;
    this.impatient = mode === 'inline';
  }

  makeBroker(queues: readonly string[]): AppBroker {
    this.broker = new ObservedBroker(this.clock, queues, this);
    return this.broker;
  }

  /** Moves the time in memory. */
  moveTo(time: number): void {
    this.virtual?.moveTo(time);
    this.setSystemTime(new Date(this.clock()));
  }

  sent(messages: readonly SentMessage[]): Promise<void> {
    return messages.length > 0 ? this.onSent(messages) : Promise.resolve();
  }

  cancelled(id: string): void {
    this.onCancelled(id);
  }
}
