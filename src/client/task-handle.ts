import type { TaskBroker, TaskPlace, TaskState } from '../broker/port/broker.js';
import { attemptOf, decodeMessage, enqueuedAtOf } from '../message/task-message.js';

/**
 * The state of a task and its attempt.
 *
 * @example
 * const { state, attempt, enqueuedAt }: TaskStatus = await handle.status();
 * logger.log(`${state}, attempt ${attempt}, in its queue since ${enqueuedAt?.toISOString()}`);
 */
export interface TaskStatus {
  /** `unknown`: it is finished, or there never was one with this id; finished tasks leave no trace */
  readonly state: TaskState;
  /** where it is; undefined once it is finished or cancelled */
  readonly queue?: string;
  /** the attempt that runs or comes next; undefined once it has ended */
  readonly attempt?: number;
  /** when it came into its queue, or will come; undefined once it has ended */
  readonly enqueuedAt?: Date;
}

/**
 * A task that was sent.
 *
 * @example
 * const handle = await queue.of(ReportTasks).send.delay(7, { weekly: true });
 * logger.log(`${handle.id} waits in ${handle.queue}`);
 */
export class TaskHandle {
  /** 20 characters, unique for ever */
  readonly id: string;
  /** name of the task: `Class.method`, unless it was given another */
  readonly name: string;
  /** `(broadcast)` for a broadcast, which has none, and can be neither cancelled nor found */
  readonly queue: string;
  /** false when another task had the `key`: then this is that task */
  readonly added: boolean;
  readonly #broker: TaskBroker;

  /** @internal */
  constructor(broker: TaskBroker, task: { id: string; name: string; queue: string; added: boolean }) {
    this.id = task.id;
    this.name = task.name;
    this.queue = task.queue;
    this.added = task.added;
    this.#broker = broker;
  }

  /**
   * Cancels the task, wherever it is: one that waits is gone, the signal of one that runs aborts, and its process is ended
   * should it run on beyond the `cancelGrace` of its worker. It will not run again. Repeating it changes nothing.
   *
   * It searches, page by page, through all that waits: made for people and rare events, not for every task.
   *
   * @returns the state in which the task was found; `unknown` when it is finished, `cancelled` when another caller was faster
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT
   * @example
   * if ((await handle.cancel()) === 'unknown') throw new Error('The report is sent already.');
   */
  async cancel(): Promise<TaskState> {
    return (await this.#broker.cancel(this.id)).state;
  }

  /**
   * Where the task is now. It searches like `cancel()`.
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  async status(): Promise<TaskStatus> {
    return statusOf(await this.#broker.locate(this.id));
  }
}

/** The place of a task, for people. */
export function statusOf({ state, queue, message }: TaskPlace): TaskStatus {
  if (message === undefined || state === 'cancelled') return { state, queue };
  return { state, queue, attempt: attemptIn(message), enqueuedAt: new Date(enqueuedAtOf(message)) };
}

function attemptIn(message: string): number | undefined {
  try {
    return attemptOf(decodeMessage(message));
  } catch {
    return undefined;
  }
}
