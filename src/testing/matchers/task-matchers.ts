import type { TaskReference } from '../task-reference.js';
import { type EnqueuedOptions, judgeEnqueued } from './enqueued-expectation.js';

/**
 * The matchers as `expect()` has them, see `nestwork/testing/jest` and `nestwork/testing/vitest`.
 *
 * @example
 * const queue = app.get(TestQueue);
 * const matchers: TaskMatchers<void> = expect(queue);
 * matchers.toHaveEnqueued(queue.of(ReportTasks).send);
 */
export interface TaskMatchers<R> {
  /**
   * The app has sent such a call.
   *
   * @param task its sender, a decorated method, or a name
   * @param args the arguments, also with matchers such as `expect.anything()`; left out for any
   * @example
   * const queue = app.get(TestQueue);
   * expect(queue).toHaveEnqueued(queue.of(ReportTasks).send, [7, { weekly: true }]);
   * expect(queue).toHaveEnqueued(queue.of(ReportTasks).send, [7, expect.anything()], { delay: '10m', times: 1 });
   * expect(queue).not.toHaveEnqueued(queue.of(ReportTasks).send, [8, { weekly: true }]);
   */
  toHaveEnqueued<Args extends unknown[]>(
    task: TaskReference<Args>,
    args?: readonly [...NoInfer<Args>],
    options?: EnqueuedOptions,
  ): R;
}

/**
 * The matchers for `expect.extend`, if neither `nestwork/testing/jest` nor `nestwork/testing/vitest` fits.
 *
 * @example
 * expect.extend(taskMatchers);
 */
export const taskMatchers = {
  /** The app has sent such a call, see {@link TaskMatchers}. */
  toHaveEnqueued(
    queue: unknown,
    task: TaskReference<never>,
    args?: readonly unknown[],
    options?: EnqueuedOptions,
  ): {
    /** whether the app has sent such a call */
    pass: boolean;
    /** the message, if that is not what the test expects */
    message: () => string;
  } {
    return judgeEnqueued('toHaveEnqueued()', queue, task, { args, options });
  },
};
