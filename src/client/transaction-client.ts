import type { SentArguments } from '../payload/standard-schema.js';
import { groupInTransaction } from './in-transaction.js';
import type { QueueClient, ResultOf, TaskClass, TaskSenders } from './queue-client.js';
import type { HandleContext } from './task-handle.js';
import { type SenderBroker, TaskSender } from './task-sender.js';

/**
 * Sends tasks within one transaction, as `queue.in(transaction)` and, held back in memory, `queue.afterCommit()` give it. Within a transaction a call adds a row to the outbox table with one INSERT, and
 * resolves when the database has it; Redis is not asked, except for tasks that are sent by names this app does not have. Options, headers and hooks work as without a
 * transaction; a delay counts from the call.
 *
 * @example
 * await dataSource.transaction(async (manager) => {
 *   await manager.query('INSERT INTO users (id) VALUES ($1)', [7]);
 *   const inTransaction: TransactionClient = queue.in(manager);
 *   await inTransaction.of(ReportTasks).send.delay(7, { weekly: true });
 * });
 */
export class TransactionClient {
  /** @internal */
  constructor(
    private readonly queue: Pick<QueueClient, 'of' | 'task'>,
    private readonly broker: SenderBroker,
    private readonly handles: HandleContext,
  ) {}

  /**
   * The tasks of a class, see `QueueClient.of`. `run()` and what else waits for Redis is refused with OUTBOX_UNSUPPORTED.
   *
   * @throws as `QueueClient.of` does
   */
  of<T extends object>(type: TaskClass<T>): TaskSenders<T>;
  /** The tasks of a class by its name, see `QueueClient.of`. */
  of<T extends object = object>(className: string): TaskSenders<T>;
  of<T extends object>(type: TaskClass<T> | string): TaskSenders<T> {
    const senders: object = typeof type === 'string' ? this.queue.of<T>(type) : this.queue.of(type);
    return new Proxy(senders, {
      get: (target, method) => this.within(Reflect.get(target, method)),
    }) as TaskSenders<T>;
  }

  /** A task by its name, see `QueueClient.task`. */
  task<Args extends unknown[] = unknown[], Result = unknown>(name: string): TaskSender<Args, Result>;
  /** A task by its method, see `QueueClient.task`. */
  task<Args extends unknown[], Returned = unknown>(
    method: (...args: Args) => Returned,
  ): TaskSender<SentArguments<Args>, ResultOf<Returned>>;
  task(task: string | ((...args: never[]) => unknown)): unknown {
    return this.within(this.queue.task(task as string));
  }

  /**
   * Refused: batches are opened in Redis, and cannot be rolled back.
   *
   * @throws NestworkError OUTBOX_UNSUPPORTED, always
   */
  batch(): never {
    throw groupInTransaction('A batch cannot be sent within a transaction.');
  }

  /**
   * Refused: flows are opened in Redis, and cannot be rolled back.
   *
   * @throws NestworkError OUTBOX_UNSUPPORTED, always
   */
  flow(): never {
    throw groupInTransaction('A flow cannot be sent within a transaction.');
  }

  private within(found: unknown): unknown {
    return found instanceof TaskSender ? found.within(this.broker, this.handles) : found;
  }
}
