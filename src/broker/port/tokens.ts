import type { Clock } from '../../values/clock.js';
import type { AppBroker } from './broker.js';
import type { SendLeniency } from './send-leniency.js';

/** The port to Redis; under test its replacement, which is an `AppBroker` alone. */
export const BROKER = Symbol.for('nestwork:broker');

/** The replacement of Redis in a test; `TaskQueueTestingModule` alone provides it. */
export const REDIS_REPLACEMENT = Symbol.for('nestwork:redis-replacement');

/** The replacement of Redis in a test. No worker runs in the app then, but for what the test runs itself. */
export interface RedisReplacement {
  readonly clock: Clock;
  /** What the app may send, since the test has only a part of it. */
  readonly leniency: SendLeniency;
  makeBroker(queues: readonly string[]): AppBroker;
}
