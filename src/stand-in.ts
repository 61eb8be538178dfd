import type { AppBroker } from './broker/broker.js';
import type { SendLeniency } from './client/send-leniency.js';
import type { ResolvedTaskQueueOptions } from './options.js';
import type { Clock } from './task/clock.js';

/** The port to Redis; under test what stands in for it, which is an `AppBroker` alone. */
export const BROKER = Symbol.for('nestwork:broker');

/** What a test may put in the place of Redis; provided by nobody else, see testing/task-queue-testing.module.ts. */
export const STAND_IN = Symbol.for('nestwork:stand-in');

/** What a test puts in the place of Redis. No worker runs in the app then, but for what the test runs itself. */
export interface StandIn {
  readonly clock: Clock;
  /** What the app may send, since the test has only a part of it. */
  readonly leniency: SendLeniency;
  makeBroker(options: ResolvedTaskQueueOptions): AppBroker;
}
