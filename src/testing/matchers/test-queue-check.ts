import { NestworkError } from '../../errors.js';
import type { TestQueue } from '../test-queue.js';

/**
 * A value that is no TestQueue is mostly the QueueClient by which the app sends.
 *
 * @param where the function that got it, for the error
 * @throws NestworkError INVALID_OPTION
 */
export function assertTestQueue(given: unknown, where: string): asserts given is Pick<TestQueue, 'enqueued'> {
  if (typeof Reflect.get(Object(given), 'enqueued') === 'function') return;
  throw new NestworkError('INVALID_OPTION', `${where} got ${kindOf(given)} where it takes a TestQueue.`, [
    'Give it app.get(TestQueue), in an app that imports TaskQueueTestingModule.forRoot({ ... }).',
  ]);
}

function kindOf(given: unknown): string {
  if (typeof given !== 'object' || given === null) return String(given);
  const name: unknown = given.constructor?.name;
  return name === undefined || name === 'Object' ? 'a plain object' : `a ${String(name)}`;
}
