import { Injectable } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { inBroadcast, notConfigured, outsideTask, stepTwice } from '../outbox/inbox/inbox-errors.js';
import type { InboxTable } from '../outbox/inbox/inbox-table.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { shown } from '../values/shown.js';
import { assertStepName } from '../values/task-name.js';
import type { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';

/**
 * What a step of a task does, in the transaction of its mark.
 *
 * @example
 * const credit: InboxStep<PgClient, void> = async (client) => {
 *   await client.query('UPDATE accounts SET balance = balance + 10 WHERE id = $1', [7]);
 * };
 */
export type InboxStep<Transaction, Result> = (transaction: Transaction) => Promise<Result>;

/**
 * Lets a task have its effects in the database of the app once, also when the task runs again: after a crash, a lost answer or a lost lease,
 * and when two workers run it at once. Injectable anywhere; it needs the option `inbox` of `TaskQueueModule`.
 *
 * @example
 * @Injectable()
 * class AccountTasks {
 *   constructor(private readonly inbox: Inbox<EntityManager>) {}
 *
 *   @Task()
 *   async credit(account: number, amount: number) {
 *     await this.inbox.run(async (manager) => {
 *       await manager.query('UPDATE accounts SET balance = balance + $1 WHERE id = $2', [amount, account]);
 *     });
 *   }
 * }
 */
@Injectable()
export class Inbox<Transaction extends object = object> {
  /** the steps of each attempt that are done or under way */
  private readonly steps = new WeakMap<RunningTask, Set<string>>();

  /** @internal */
  constructor(private readonly table: InboxTable | undefined) {}

  /**
   * Runs a function in a transaction, together with a mark of the running task, and commits. When the task has its mark already, the
   * function is not called. When another attempt at the task is at it, the call waits for the end of that one.
   *
   * @param work gets what the library hands to the function of a transaction: an `EntityManager` of TypeORM, a transaction of Knex, a client
   * of `pg`
   * @returns what the function returned, this time or when the mark was set: anything that can be an argument of a task
   * @throws NestworkError OUTSIDE_TASK, INBOX_NOT_CONFIGURED, INBOX_UNSUPPORTED, INBOX_STEP_TWICE, INBOX_ROLLED_BACK, INBOX_RESULT,
   * INBOX_TABLE_MISSING, INBOX_TABLE_OLD; the error of the function or of the database. Nothing of the function is kept then, unless the
   * answer to the commit was lost: the next attempt finds out
   */
  run<Result>(work: InboxStep<Transaction, Result>): Promise<Result>;
  /**
   * The same for a task with several steps, each in a transaction of its own and with its own mark: an attempt goes on behind the steps that are done.
   *
   * @param step 1 to 100 characters of `[A-Za-z0-9_.:-]`, another one for each step of a task
   * @throws as above; NestworkError INVALID_NAME
   * @example
   * const charge = await inbox.run('charge', async (transaction) => ({ order: 7, cents: 990 }));
   */
  run<Result>(step: string, work: InboxStep<Transaction, Result>): Promise<Result>;
  async run<Result>(
    ...given: [work: InboxStep<Transaction, Result>] | [step: string, work: InboxStep<Transaction, Result>]
  ): Promise<Result> {
    const [step, work] = given.length === 1 ? ['', given[0]] : given;
    if (given.length > 1) assertStepName(step);
    if (typeof work !== 'function') {
      throw new NestworkError('INVALID_OPTION', `inbox.run() got ${shown(work)} in place of a function.`, [
        "Give the work as the last argument: inbox.run('charge', async (transaction) => { ... }).",
      ]);
    }
    const { table } = this;
    if (!table) throw notConfigured();
    const task = runningTask.getStore();
    if (!task) throw outsideTask();
    if (task.queue === BROADCAST_QUEUE) throw inBroadcast();
    const steps = this.stepsOf(task);
    // within one attempt it would wait for itself, or find the mark of other work
    if (steps.has(step)) throw stepTwice(step);
    steps.add(step);
    try {
      return await table.once({ task: task.id, step }, (transaction) => work(transaction as Transaction));
    } catch (error) {
      steps.delete(step);
      throw error;
    }
  }

  private stepsOf(task: RunningTask): Set<string> {
    const steps = this.steps.get(task) ?? new Set();
    this.steps.set(task, steps);
    return steps;
  }
}
