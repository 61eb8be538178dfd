import type { TaskReference } from '../task-reference.js';
import type { TestQueue } from '../test-queue.js';
import { type EnqueuedOptions, judgeEnqueued } from './enqueued-expectation.js';

/** An expectation that was not met; test runners show its message. */
class EnqueuedAssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Throws unless the app has sent such a call; with any test runner.
 *
 * @param task its sender, a decorated method, or a name
 * @param args the arguments, also with matchers such as `expect.anything()`; left out for any
 * @throws AssertionError that lists the calls that were enqueued instead; NestworkError NOT_A_TASK, INVALID_OPTION
 * @example
 * const queue = app.get(TestQueue);
 * assertEnqueued(queue, queue.of(ReportTasks).send, [7, { weekly: true }], { delay: '10m', times: 1 });
 */
export function assertEnqueued<Args extends unknown[]>(
  queue: Pick<TestQueue, 'enqueued'>,
  task: TaskReference<Args>,
  args?: readonly [...NoInfer<Args>],
  options?: EnqueuedOptions,
): void {
  const { pass, message } = judgeEnqueued('assertEnqueued()', queue, task, { args, options });
  if (!pass) throw new EnqueuedAssertionError(message());
}

/**
 * Throws if the app has sent such a call.
 *
 * @throws AssertionError that shows the call; NestworkError NOT_A_TASK, INVALID_OPTION
 * @example
 * const queue = app.get(TestQueue);
 * assertNotEnqueued(queue, queue.of(ReportTasks).send);
 */
export function assertNotEnqueued<Args extends unknown[]>(
  queue: Pick<TestQueue, 'enqueued'>,
  task: TaskReference<Args>,
  args?: readonly [...NoInfer<Args>],
  options?: EnqueuedOptions,
): void {
  const { pass, message } = judgeEnqueued('assertNotEnqueued()', queue, task, { args, options });
  if (pass) throw new EnqueuedAssertionError(message());
}
