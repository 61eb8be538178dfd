import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from '../policy/policy-options.js';
import { setTaskMetadata } from '../task/task-metadata.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertQueueName, assertTaskName } from '../values/task-name.js';
import { assertParentheses, methodPlace } from './method-place.js';
import type { TaskDecorator } from './task-decorator.js';

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
export function Task(options: TaskOptions = {}): TaskDecorator {
  assertParentheses('@Task()', options);
  return (target, property, descriptor: PropertyDescriptor | undefined) => {
    const declaredAs = methodPlace('@Task()', target, property, descriptor);
    assertKnownOptions(options, TASK_OPTIONS, `@Task() on ${declaredAs}`);
    declareTask('@Task()', options, { target, property, descriptor });
  };
}

/** What a decorator of a method is called with. */
export interface DecoratedPlace {
  readonly target: object;
  readonly property: string | symbol;
  readonly descriptor: PropertyDescriptor | undefined;
}

/**
 * Makes a method a task, for `@Task()` and what is more than that.
 *
 * @param decorator as it was written, for errors: `'@Cron()'`
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION
 */
export function declareTask(decorator: string, options: TaskOptions, { target, property, descriptor }: DecoratedPlace) {
  const declaredAs = methodPlace(decorator, target, property, descriptor);
  assertPolicyOptions(options, `${decorator} on ${declaredAs}`);
  if (options.name !== undefined) assertTaskName(options.name, `${decorator} on ${declaredAs}`);
  if (options.queue !== undefined) assertQueueName(options.queue, `${decorator} on ${declaredAs}`);
  setTaskMetadata(descriptor?.value, { ...options, decorator, declaredAs, declaredIn: target.constructor });
}
