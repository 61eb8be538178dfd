import type { TaskBroker, TaskPlace, TaskState } from '../broker/port/broker.js';
import { groupTagOf } from '../message/group-tag.js';
import { attemptOf, decodeMessage, enqueuedAtOf } from '../message/task-message.js';
import { patienceOf, type ResultOptions } from '../results/result-options.js';
import type { Results, SentResult } from '../results/results.js';
import { cancelledBeforeCommit, resultBeforeCommit } from './in-transaction.js';
import { limitReached } from './send-errors.js';

/**
 * The state of a task and its attempt.
 *
 * @example
 * const { state, attempt, enqueuedAt }: TaskStatus = await handle.status();
 * logger.log(`${state}, attempt ${attempt}, in its queue since ${enqueuedAt?.toISOString()}`);
 */
export interface TaskStatus {
  /**
   * `unknown`: it is finished, or there never was one with this id; finished tasks leave no trace. `unconfirmed`, instead of that, for the
   * handle of a task that was sent within a transaction: that is not committed, was rolled back, or its task is not in Redis yet, or
   * finished since
   */
  readonly state: TaskState;
  /** where it is; of one that waits for others of its flow the queue to which it will come; undefined once it is finished or cancelled */
  readonly queue?: string;
  /** the attempt that runs or comes next; undefined once it has ended */
  readonly attempt?: number;
  /** when it came into its queue, or will come; undefined once it has ended, and while it waits for others of its flow */
  readonly enqueuedAt?: Date;
  /** id of the batch or flow that it is part of; undefined for a task in none, and once it has ended */
  readonly partOf?: string;
}

/** What a handle asks. */
export interface HandleContext {
  readonly broker: TaskBroker;
  readonly results: Results;
  /** the task was sent within a transaction: nobody here knows whether that was committed */
  readonly inTransaction?: boolean;
}

/**
 * A task that was sent.
 *
 * @example
 * const handle = await queue.of(ReportTasks).send.delay(7, { weekly: true });
 * logger.log(`${handle.id} waits in ${handle.queue}`);
 */
export class TaskHandle<Result = unknown> {
  /** 20 characters, unique for ever */
  readonly id: string;
  /** name of the task: `Class.method`, unless it was given another */
  readonly name: string;
  /** `(broadcast)` for a broadcast, which has none, and can be neither cancelled nor found */
  readonly queue: string;
  /**
   * false when another task had the `key`: then this is that task. False with `droppedBy`, too: then there is no task. Within a
   * transaction always true: whether the key is free turns out after the commit
   */
  readonly added: boolean;
  /** the limit with `onLimit: 'drop'` that was full, so that nothing was added; mostly undefined */
  readonly droppedBy: string | undefined;
  readonly #context: HandleContext;
  readonly #sent: SentResult | undefined;

  /** @internal */
  constructor(
    context: HandleContext,
    task: { id: string; name: string; queue: string; added: boolean; droppedBy?: string },
    sent?: SentResult,
  ) {
    this.id = task.id;
    this.name = task.name;
    this.queue = task.queue;
    this.added = task.added;
    this.droppedBy = task.droppedBy;
    this.#context = context;
    this.#sent = sent;
  }

  /**
   * What the task returns, once it has ended. It can be asked for several times, while the result is kept.
   *
   * @throws TaskFailedError when the task is dead, cancelled or dropped
   * @throws ResultTimeoutError when it has not ended in time; it goes on
   * @throws ResultExpiredError when its result is kept no longer
   * @throws NestworkError RESULT_NOT_KEPT when it keeps none; LIMIT_REACHED when a limit dropped the call; RESULT_TOO_LARGE or UNSERIALIZABLE_RESULT when it is done, and
   * returned something that cannot be kept; OUTBOX_UNSUPPORTED when it was sent within a transaction; INVALID_OPTION, INVALID_DURATION; the reason of the `signal`
   * @example
   * const handle = await queue.of(PartTasks).extract.delay(7);
   * const part = await handle.result({ timeout: '1m' });
   */
  async result(options: ResultOptions = {}): Promise<Result> {
    const patience = patienceOf(options, 'result()');
    if (this.#context.inTransaction) throw resultBeforeCommit(this.name, this.id);
    // there is no task that could end
    if (this.droppedBy !== undefined) throw limitReached(this.name, this.droppedBy);
    return (await this.#context.results.of(this.id, patience, this.#sent)) as Result;
  }

  /**
   * Cancels the task, wherever it is: one that waits is gone, the signal of one that runs aborts, and its process is ended
   * should it run on beyond the `cancelGrace` of its worker. It will not run again. Repeating it changes nothing.
   *
   * It searches, page by page, through all that waits: made for people and rare events, not for every task.
   *
   * @returns the state in which the task was found; `unknown` when it is finished, `cancelled` when another caller was faster
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT; OUTBOX_UNSUPPORTED when it was sent within a transaction, and is not in Redis
   * @example
   * if ((await handle.cancel()) === 'unknown') throw new Error('The report is sent already.');
   */
  async cancel(): Promise<TaskState> {
    const { state } = await this.#context.broker.cancel(this.id);
    if (state === 'unknown' && this.#context.inTransaction) throw cancelledBeforeCommit(this.name, this.id);
    return state;
  }

  /**
   * Where the task is now. It searches like `cancel()`.
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  async status(): Promise<TaskStatus> {
    const status = statusOf(await this.#context.broker.locate(this.id));
    return status.state === 'unknown' && this.#context.inTransaction ? { state: 'unconfirmed' } : status;
  }
}

/** The place of a task, for people. */
export function statusOf({ state, queue, message }: TaskPlace): TaskStatus {
  if (message === undefined || state === 'cancelled') return { state, queue };
  const group = groupTagOf(message)?.group;
  return {
    state,
    queue,
    attempt: attemptIn(message),
    ...(state !== 'waiting' && { enqueuedAt: new Date(enqueuedAtOf(message)) }),
    ...(group !== undefined && { partOf: group }),
  };
}

function attemptIn(message: string): number | undefined {
  try {
    return attemptOf(decodeMessage(message));
  } catch {
    return undefined;
  }
}
