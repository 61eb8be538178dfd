import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../task/known-options.js';
import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from '../task/policy-options.js';
import { setTaskMetadata, taskMetadataOf } from '../task/task-metadata.js';
import { assertQueueName, assertTaskName } from '../task/task-name.js';
import { methodPlace } from './method-place.js';

/**
 * Options of `@Task`.
 *
 * @example
 * const options: TaskOptions = { name: 'reports.send', queue: 'bulk', retries: 3, hardTimeout: '1m' };
 */
export interface TaskOptions extends PolicyOptions {
  /**
   * Name that travels in the messages; unique in the app.
   *
   * Set one before you rename a class or a method: tasks already in the queue keep the old name.
   * @default `Class.method`
   */
  name?: string;
  /**
   * Queue that its tasks go to; one of the `queues` of `TaskQueueModule`.
   * @default the module's `defaultQueue`
   */
  queue?: string;
}

export const TASK_OPTIONS = ['name', 'queue', ...POLICY_OPTIONS];

/**
 * Makes a method of a provider a task: `QueueClient` can send calls of it, and a worker runs them.
 *
 * Calling the method directly still runs it here and now.
 *
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION while the class is being defined
 * @example
 * @Injectable()
 * class ReportTasks {
 *   @Task({ queue: 'critical', retries: 5, backoff: '5s', softTimeout: '30s', hardTimeout: '1m' })
 *   async send(userId: number) {}
 * }
 */
export function Task(options: TaskOptions = {}): MethodDecorator {
  return (target, property, descriptor: PropertyDescriptor | undefined) => {
    const declaredAs = methodPlace('@Task()', target, property, descriptor);
    const other = taskMetadataOf(descriptor?.value);
    if (other && !other.broadcast) {
      throw new NestworkError('INVALID_OPTION', `${declaredAs} is declared as a task twice.`, [
        'Keep one of @Task(), @Cron() and @Interval(): each of them makes the method a task.',
        'For two schedules write two methods, the second of which calls the first.',
      ]);
    }
    assertKnownOptions(options, TASK_OPTIONS, `@Task() on ${declaredAs}`);
    assertPolicyOptions(options, `@Task() on ${declaredAs}`);
    if (options.name !== undefined) assertTaskName(options.name);
    if (options.queue !== undefined) assertQueueName(options.queue);
    setTaskMetadata(descriptor?.value, { ...options, declaredAs, declaredIn: target.constructor });
  };
}
