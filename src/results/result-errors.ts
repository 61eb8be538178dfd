import { type ErrorCode, NestworkError } from '../errors.js';
import { brand } from '../values/brand.js';
import { printable } from '../values/printable.js';

/**
 * A task whose result was awaited has ended without one: it is dead, cancelled or dropped.
 *
 * Its `code` is that of the dead task, such as TASK_FAILED, HARD_TIMEOUT, CRASHED or TASK_EXPIRED; TASK_CANCELLED; or TASK_DROPPED.
 *
 * @example
 * const part = await queue
 *   .of(PartTasks)
 *   .extract.run(7)
 *   .catch((error: unknown) => {
 *     if (error instanceof TaskFailedError && error.code === 'TASK_CANCELLED') return undefined;
 *     throw error;
 *   });
 */
export class TaskFailedError extends NestworkError {
  static {
    brand(TaskFailedError, 'TaskFailedError');
  }

  override readonly name = 'TaskFailedError';

  /**
   * @param taskId id of the task
   * @param error text of the error with which its last attempt ended; '' where there is none
   * @param attempts attempts that were made; 0 for a task that was cancelled
   */
  constructor(
    code: ErrorCode,
    readonly taskId: string,
    readonly error: string,
    readonly attempts: number,
  ) {
    super(code, `Task ${printable(taskId)} ${howEnded(code, attempts)}${error && `: ${error}`}`, remedyOf(code));
  }
}

/**
 * The result of a task is kept no longer, or never was: nothing in Redis knows the task.
 *
 * @example
 * const total = await queue.result<number>(id).catch((error) => {
 *   if (error instanceof ResultExpiredError) return undefined;
 *   throw error;
 * });
 */
export class ResultExpiredError extends NestworkError {
  static {
    brand(ResultExpiredError, 'ResultExpiredError');
  }

  override readonly name = 'ResultExpiredError';

  /**
   * @param taskId id of the task
   * @param isDead whether the task is dead, and only its failure is kept no longer
   */
  constructor(
    readonly taskId: string,
    isDead = false,
  ) {
    const what = isDead
      ? `Task ${printable(taskId)} is dead, and its failure is kept no longer as its result.`
      : `Nothing is known of task ${printable(taskId)}, nor of its result.`;
    super('RESULT_EXPIRED', what, [
      'Keep the result for longer: @Task({ result: "1d" }), or .with({ result: "1d" }).',
      'Check the id, and the namespace of this app.',
    ]);
  }
}

/**
 * A task had not ended when the time of its waiter was over. The task goes on, and its result can be awaited again.
 *
 * @example
 * const sum = await handle.result({ timeout: '2s' }).catch((error) => {
 *   if (error instanceof ResultTimeoutError) return handle.result({ timeout: '1m' });
 *   throw error;
 * });
 */
export class ResultTimeoutError extends NestworkError {
  static {
    brand(ResultTimeoutError, 'ResultTimeoutError');
  }

  override readonly name = 'ResultTimeoutError';

  /**
   * @param taskId id of the task
   * @param timeoutMs for how long it was awaited, in ms
   */
  constructor(
    readonly taskId: string,
    readonly timeoutMs: number,
  ) {
    super('RESULT_TIMEOUT', `Task ${printable(taskId)} had not ended after ${timeoutMs} ms.`, [
      'Wait for longer: result({ timeout: "5m" }), or .with({ timeout: "5m" }).run(...).',
      'Find out why it waits: nestwork tasks explain, with its id.',
    ]);
  }
}

export function notKept(id: string): NestworkError {
  return new NestworkError('RESULT_NOT_KEPT', `Task ${printable(id)} keeps no result.`, [
    'Ask for it when the task is declared or sent: @Task({ result: "1h" }), or .with({ result: "1h" }).',
    'Or send and wait in one call: sender.run(...).',
  ]);
}

function howEnded(code: ErrorCode, attempts: number): string {
  if (code === 'TASK_CANCELLED') return 'was cancelled';
  if (code === 'TASK_DROPPED') return 'was dropped';
  return attempts > 1 ? `is dead after ${attempts} attempts` : 'is dead';
}

function remedyOf(code: ErrorCode): string {
  if (code === 'TASK_CANCELLED') return 'Send it again if it is wanted after all.';
  if (code === 'TASK_DROPPED') return 'Its `dropOn`, or a DropTask that it threw, ends it without a result.';
  return 'Repair the cause, then redrive the task: its result can be awaited again then.';
}
