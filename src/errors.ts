/**
 * Stable codes of every error nestwork raises; safe to match on across versions.
 *
 * Messages may be reworded in any release, codes only in a major one.
 */
export type ErrorCode =
  | 'UNSERIALIZABLE_ARGUMENT'
  | 'PAYLOAD_TOO_LARGE'
  | 'PAYLOAD_TOO_DEEP'
  | 'INVALID_DURATION'
  | 'INVALID_OPTION'
  | 'INVALID_NAME'
  | 'INVALID_TASK_ID'
  | 'INVALID_CRON'
  | 'UNKNOWN_QUEUE'
  | 'UNKNOWN_TASK'
  | 'UNKNOWN_CRON'
  | 'NOT_A_TASK'
  | 'NOT_A_BROADCAST'
  | 'TASK_NOT_RUN'
  | 'DUPLICATE_TASK'
  | 'DUPLICATE_MODULE'
  | 'TASK_CLASS_NOT_PROVIDED'
  | 'SCOPE_UNRESOLVED'
  | 'UNDECODABLE_MESSAGE'
  | 'REDIS_UNAVAILABLE'
  | 'REDIS_TIMEOUT'
  | 'REDIS_TOO_OLD'
  | 'FOREIGN_KEYS'
  | 'ENQUEUE_UNCONFIRMED'
  | 'REDIS_OUT_OF_MEMORY'
  | 'REDIS_REFUSED'
  | 'OUTSIDE_TASK'
  | 'LEASE_LOST'
  | 'MALFORMED_IPC'
  | 'SHUTDOWN'
  | 'SOFT_TIMEOUT'
  | 'HARD_TIMEOUT'
  | 'TASK_EXPIRED'
  | 'TASK_CANCELLED'
  | 'DUPLICATE_KEY'
  | 'WRONG_TEST_MODE'
  | 'APP_NOT_INITIALIZED'
  | 'ENDLESS_TASKS';

/**
 * Every error that nestwork raises: what happened and to whom, what to do about it, and a stable `code`.
 *
 * @example
 * try {
 *   await reports.send.delay(user.id);
 * } catch (error) {
 *   if (error instanceof NestworkError && error.code === 'REDIS_UNAVAILABLE') return 503;
 *   throw error;
 * }
 */
export class NestworkError extends Error {
  override readonly name: string = 'NestworkError';

  /**
   * @param code stable identifier of the kind of error
   * @param what what happened, naming the offender
   * @param remedies what the reader can do, one sentence each
   * @param options `cause`: the error underneath, kept whole
   */
  constructor(
    readonly code: ErrorCode,
    what: string,
    remedies: string | readonly string[],
    options?: ErrorOptions,
  ) {
    const list = (typeof remedies === 'string' ? [remedies] : remedies).map((remedy) => `- ${remedy}`);
    super(`${what} [${code}]\n\nPotential solutions:\n${list.join('\n')}`, options);
  }
}

/**
 * `delay()` or `delayMany()` got no answer: the tasks may or may not be enqueued.
 *
 * Repeating the call with the same ids within ten minutes adds each task at most once.
 *
 * @example
 * const sender = queue.of(ReportTasks).send;
 * await sender.delay(7).catch((error) => {
 *   if (!(error instanceof EnqueueUnconfirmedError)) throw error;
 *   return sender.with({ id: error.taskIds[0] }).delay(7);
 * });
 */
export class EnqueueUnconfirmedError extends NestworkError {
  override readonly name = 'EnqueueUnconfirmedError';

  constructor(
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
