import { assertPolicyOptions, POLICY_OPTIONS, type PolicyOptions } from '../policy/policy-options.js';
import { secondsToKeep } from '../policy/result-time.js';
import { START_OPTIONS, type StartOptions, startRules } from '../policy/start-options.js';
import { MOST_DONE } from '../task/done-record.js';
import { setTaskMetadata } from '../task/task-metadata.js';
import type { Duration } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { whole } from '../values/option-rules.js';
import { shown } from '../values/shown.js';
import { assertQueueName, assertTaskName } from '../values/task-name.js';
import { assertParentheses, methodPlace, misused } from './method-place.js';
import type { TaskDecorator } from './task-decorator.js';

/**
 * Options of `@Task`.
 *
 * @example
 * const options: TaskOptions = { name: 'reports.send', queue: 'bulk', retries: 3, hardTimeout: '1m' };
 */
export interface TaskOptions extends PolicyOptions, StartOptions {
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
  /**
   * How many of its done tasks Redis keeps, the last ones, so that `tasks ls --state done` and `inspector.tasks` find them: id,
   * queue, times and attempt, no arguments and no headers. 0 to 10,000. They go 7 days after the last one.
   * @default 0; a done task leaves no trace
   */
  keepDone?: number;
  /**
   * For how long Redis keeps what the method returns, from the end of the task, so that `handle.result()` and
   * `queue.result(id)` find it: 10 s to 30 days. What it returns travels as arguments do, up to 256 KiB. A single call can ask for
   * it, too: `.with({ result: '10m' })`.
   * @default none; what the method returns is dropped
   */
  result?: Duration;
  /**
   * Whether what its tasks carry is sealed: arguments, results, errors and notes. Needs the keys of `TaskQueueModule.forRoot({ payload })`.
   * @default as `payload.encrypt.tasks` of the module says: true, where it has keys
   */
  encrypt?: boolean;
}

export const TASK_OPTIONS = ['name', 'queue', 'keepDone', 'result', 'encrypt', ...START_OPTIONS, ...POLICY_OPTIONS];

const KEEP_DONE = whole(0, MOST_DONE);

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
 * @example
 * @Injectable()
 * class InvoiceTasks {
 *   @Task({ limits: [{ name: 'stripe', rate: '20/s', key: (customer: string) => customer }], priority: 3 })
 *   async charge(customer: string) {}
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
  if (options.result !== undefined) secondsToKeep(options.result, `result of ${decorator} on ${declaredAs}`);
  assertEncrypt(options.encrypt, `${decorator} on ${declaredAs}`);
  startRules(options, `${decorator} on ${declaredAs}`);
  KEEP_DONE.read(options.keepDone, `keepDone of ${decorator} on ${declaredAs}`);
  setTaskMetadata(descriptor?.value, { ...options, decorator, declaredAs, declaredIn: target.constructor });
}

/** @throws NestworkError INVALID_OPTION */
export function assertEncrypt(given: unknown, where: string): void {
  if (given === undefined || typeof given === 'boolean') return;
  throw misused(where, `has ${shown(given)} as \`encrypt\``, ['Give true or false.']);
}
