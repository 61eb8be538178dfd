import { randomBytes } from 'node:crypto';
import { isAborted, isDeadlock } from '../database-errors.js';
import type { OutboxDatabase, OutboxRow } from '../outbox-database.js';
import type { RowNumber, Statement } from '../sql/outbox-sql.js';
import { INBOX_TABLE } from '../sql/table-kind.js';
import { tableName } from '../sql/table-name.js';
import { assertForm, explained, type KnownTable } from '../table-errors.js';
import { rolledBack } from './inbox-errors.js';
import { DEFAULT_INBOX_TABLE } from './inbox-options.js';
import { type InboxSql, inboxSql, type MarkKey } from './inbox-sql.js';
import { decodeKept, encodeKept } from './kept-value.js';

/** Attempts that wait for the same mark may lock each other out when the first one is rolled back. */
const MOST_DEADLOCKS = 5;

/** The marks of one app in the table of its database. */
export class InboxTable {
  private readonly sql: InboxSql;
  private readonly place: KnownTable;

  /** @param name with its schema, if it has one */
  constructor(
    readonly database: OutboxDatabase,
    readonly namespace: string,
    readonly name: string = DEFAULT_INBOX_TABLE,
  ) {
    this.sql = inboxSql(database.dialect, tableName(name));
    this.place = { kind: INBOX_TABLE, name, dialect: database.dialect };
  }

  /**
   * Runs a step and marks it, in one transaction, unless it is marked. Waits for a transaction that marks it now.
   *
   * @returns what the step returned, this time or when it was marked
   * @throws NestworkError INBOX_ROLLED_BACK, INBOX_RESULT, INBOX_TABLE_MISSING, INBOX_TABLE_OLD; the error of the step or of the database
   */
  async once<T>(key: MarkKey, step: (transaction: unknown) => Promise<T>, deadlocks = MOST_DEADLOCKS): Promise<T> {
    let hasBegun = false;
    try {
      return await this.database.transaction(async (transaction) => {
        const by = randomBytes(12).toString('base64url');
        const before = await this.mark(transaction, key, by);
        if (before) return decodeKept(before.result, key) as T;
        hasBegun = true;
        const value = await step(transaction);
        await this.finish(transaction, key, by, encodeKept(value));
        return value;
      });
    } catch (error) {
      if (hasBegun || deadlocks === 0 || !isDeadlock(error)) throw error;
      return this.once(key, step, deadlocks - 1);
    }
  }

  /** Removes marks that are older than a time. Resolves to how many, up to the limit. */
  async removeOld(olderThanMs: number, limit: number): Promise<number> {
    return this.database.transaction(async (transaction) => {
      const rows = await this.execute(transaction, this.sql.old(this.namespace, olderThanMs, limit));
      const numbers = rows.map(({ id }) => id as RowNumber);
      if (numbers.length > 0) await this.execute(transaction, this.sql.remove(numbers));
      return numbers.length;
    });
  }

  /** @throws NestworkError INBOX_TABLE_MISSING, INBOX_TABLE_OLD; the error of the database */
  async assertForm(): Promise<void> {
    const [row] = await this.database.transaction((transaction) => this.execute(transaction, this.sql.form()));
    assertForm(this.place, row);
  }

  /** Resolves to the mark that was there; undefined when this transaction has set it. */
  private async mark(transaction: unknown, key: MarkKey, by: string): Promise<OutboxRow | undefined> {
    const [returned] = await this.execute(transaction, this.sql.mark(this.namespace, key, by));
    if (returned?.marked_by === by) return undefined;
    const found = await this.find(transaction, key);
    // one that was so old that it has just been removed
    if (!found) return this.mark(transaction, key, by);
    return found.marked_by === by ? undefined : found;
  }

  /** The commit of a transaction that has failed, or that the step has ended, would not say so. */
  private async finish(transaction: unknown, key: MarkKey, by: string, result: string | undefined): Promise<void> {
    try {
      if (result !== undefined) await this.execute(transaction, this.sql.keep(this.namespace, key, result));
      const mark = await this.find(transaction, key);
      if (mark?.marked_by === by) return;
    } catch (error) {
      throw isAborted(error) ? rolledBack(error) : error;
    }
    throw rolledBack();
  }

  private async find(transaction: unknown, key: MarkKey): Promise<OutboxRow | undefined> {
    return (await this.execute(transaction, this.sql.found(this.namespace, key)))[0];
  }

  private async execute(transaction: unknown, { sql, parameters }: Statement): Promise<readonly OutboxRow[]> {
    try {
      return await this.database.execute(transaction, sql, parameters);
    } catch (error) {
      throw explained(error, this.place);
    }
  }
}
