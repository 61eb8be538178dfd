import { NestworkError } from '../errors.js';
import { brand } from '../values/brand.js';
import { type Duration, toMilliseconds } from '../values/duration.js';

/**
 * The reason with which the signal of a task aborts at its `softTimeout`.
 *
 * @example
 * context.signal.addEventListener('abort', () => {
 *   if (context.signal.reason instanceof SoftTimeoutError) logger.warn('Saving what there is.');
 * });
 */
export class SoftTimeoutError extends NestworkError {
  static {
    brand(SoftTimeoutError, 'SoftTimeoutError');
  }

  override readonly name = 'SoftTimeoutError';

  constructor(task: string, ms: number) {
    super('SOFT_TIMEOUT', `Task "${task}" ran longer than its soft timeout of ${ms} ms.`, [
      'Give `softTimeout` a longer time, or do less in one task.',
      'Set `retryOnSoftTimeout` to have it tried again.',
    ]);
  }
}

/**
 * The error of an attempt whose process was ended at its `hardTimeout`; in a worker within the app, the reason with which
 * its signal aborts then. Name it in `retryOn` or `dropOn`.
 *
 * @example
 * @Injectable()
 * class SearchTasks {
 *   @Task({ hardTimeout: '1m', retries: 3, dropOn: [HardTimeoutError] })
 *   async search(pattern: string) {}
 * }
 */
export class HardTimeoutError extends NestworkError {
  static {
    brand(HardTimeoutError, 'HardTimeoutError');
  }

  override readonly name = 'HardTimeoutError';

  constructor(task: string, ms: number, options?: ErrorOptions) {
    super(
      'HARD_TIMEOUT',
      `Task "${task}" ran longer than its hard timeout of ${ms} ms.`,
      'Give `hardTimeout` a longer time, or a `softTimeout` at which the task can end by itself.',
      options,
    );
  }
}

/**
 * The reason with which the signal of a task aborts when somebody cancels it.
 *
 * @example
 * if (context.signal.reason instanceof TaskCancelledError) logger.log('Nobody wants the report any more.');
 */
export class TaskCancelledError extends NestworkError {
  static {
    brand(TaskCancelledError, 'TaskCancelledError');
  }

  override readonly name = 'TaskCancelledError';

  constructor(task: string) {
    super('TASK_CANCELLED', `Task "${task}" was cancelled.`, 'Send it again if it is wanted after all.');
  }
}

const ASKED_AGAIN = 'The task asked to run again.';

/**
 * What stands behind the words of a RetryTask in the text of an error, mostly ''; undefined for another error: that attempt has failed, and
 * did not ask for the next one.
 *
 * @example
 * behindRetry('RetryTask: The task asked to run again. (caused by Error: 429)'); // ' (caused by Error: 429)'
 */
export function behindRetry(error: string | undefined): string | undefined {
  const words = `RetryTask: ${ASKED_AGAIN}`;
  return error?.startsWith(words) ? error.slice(words.length) : undefined;
}

/**
 * Thrown by a task that wants to run again, regardless of `retryOn`. It counts as an attempt: where `retries` is set it
 * is the limit. Where it is set nowhere there is none, and the next attempt starts after 100 ms at the earliest.
 *
 * @example
 * if (response.status === 429) throw new RetryTask({ in: '30s' });
 * @example
 * // with @Task({ limits: [{ name: 'stripe', rate: '20/s', key: (customer: string) => customer }] })
 * if (response.status === 429) throw new RetryTask({ in: '30s', limit: 'stripe' });
 */
export class RetryTask extends Error {
  static {
    brand(RetryTask, 'RetryTask');
  }

  /** what logs show */
  override readonly name = 'RetryTask';
  /** ms until the next attempt; undefined for the backoff of the task. Less than 100 waits 100 where `retries` is set nowhere */
  readonly inMs: number | undefined;
  /**
   * A limit of the task that starts nothing until the next attempt, for its key: other tasks with this key wait as well. INVALID_OPTION is the
   * error of the attempt when the task has no such limit.
   */
  readonly limit: string | undefined;

  /** @throws NestworkError INVALID_DURATION */
  constructor(options: { in?: Duration; limit?: string; cause?: unknown } = {}) {
    super(ASKED_AGAIN, { cause: options.cause });
    this.inMs = options.in === undefined ? undefined : toMilliseconds(options.in, 'RetryTask({ in })');
    this.limit = options.limit;
  }
}

/**
 * Thrown by a task that wants to end here: it is not tried again and not kept among the dead, but logged with the reason.
 *
 * @example
 * if (users.length === 0) throw new DropTask('the users are gone');
 */
export class DropTask extends Error {
  static {
    brand(DropTask, 'DropTask');
  }

  /** what logs show */
  override readonly name = 'DropTask';

  constructor(reason = 'The task asked to be dropped.') {
    super(reason);
  }
}
