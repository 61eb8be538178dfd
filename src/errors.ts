import { brand } from './values/brand.js';
import type { ErrorCodes } from './values/error-codes.js';
import { printable, printableLines } from './values/printable.js';

/** More than any remedy takes. */
const MOST_OF_A_REMEDY = 1_000;

/**
 * Stable codes of every error nestwork raises; safe to match on across versions.
 *
 * Messages may be reworded in any release, codes only in a major one.
 *
 * @example
 * const retryable: ErrorCode[] = ['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'];
 */
export type ErrorCode = keyof ErrorCodes;

/**
 * Every error that nestwork raises. The message names the offender and lists remedies; `code` is stable.
 *
 * `instanceof` also finds those of another copy of nestwork in the app, of each class of errors.
 *
 * @example
 * try {
 *   await queue.of(ReportTasks).send.delay(user.id, { weekly: true });
 * } catch (error) {
 *   if (error instanceof NestworkError && error.code === 'REDIS_UNAVAILABLE') return 503;
 *   throw error;
 * }
 */
export class NestworkError extends Error {
  static {
    brand(NestworkError, 'NestworkError');
  }

  /** the name of the class, which logs show */
  override readonly name: string = 'NestworkError';

  /**
   * @param code stable identifier of the kind of error
   * @param what what happened, naming the offender; further lines show the place
   * @param remedies what the reader can do, one sentence each
   * @param options `cause`: the error underneath, kept whole
   */
  constructor(
    readonly code: ErrorCode,
    what: string,
    remedies: string | readonly string[],
    options?: ErrorOptions,
  ) {
    const list = (typeof remedies === 'string' ? [remedies] : remedies).map(
      (remedy) => `- ${printable(remedy, MOST_OF_A_REMEDY)}`,
    );
    // much of it is the text of others
    const [first = '', ...shown] = printableLines(what).split('\n');
    super([`${first} [${code}]`, ...shown, '', 'Potential solutions:', ...list].join('\n'), options);
  }
}

/**
 * `delay()` or `delayMany()` got no answer: the tasks may or may not be enqueued.
 *
 * Repeating the call with the same ids within ten minutes adds each task at most once.
 *
 * @example
 * const sender = queue.of(ReportTasks).send;
 * await sender.delay(7, { weekly: true }).catch((error) => {
 *   if (!(error instanceof EnqueueUnconfirmedError)) throw error;
 *   return sender.with({ id: error.taskIds[0] }).delay(7, { weekly: true });
 * });
 */
export class EnqueueUnconfirmedError extends NestworkError {
  static {
    brand(EnqueueUnconfirmedError, 'EnqueueUnconfirmedError');
  }

  override readonly name = 'EnqueueUnconfirmedError';

  constructor(
    /** ids to repeat the call with, in the order of its tasks */
    readonly taskIds: readonly string[],
    options?: ErrorOptions,
  ) {
    const shown = taskIds.length > 1 ? `${taskIds.length} tasks (first id ${taskIds[0]})` : `task ${taskIds[0]}`;
    super(
      'ENQUEUE_UNCONFIRMED',
      `Redis did not confirm in time that ${shown} was enqueued; it may or may not be.`,
      'Repeat the call with the same id within ten minutes: sender.with({ id: error.taskIds[0] }).delay(...), or with({ ids: error.taskIds }).delayMany(...); it is added at most once.',
      options,
    );
  }
}
