import { createHash } from 'node:crypto';
import type { OutboxCall } from '../broker/port/relay-port.js';
import { type ChunkBounds, chunksOf } from '../values/chunks.js';
import type { OutboxDatabase, OutboxRow } from './outbox-database.js';
import { noTransaction } from './outbox-errors.js';
import type { OutboxAsideRow, OutboxQueueCounts } from './outbox-rows.js';
import { encodeRow } from './row.js';
import { mariadbSql } from './sql/mariadb-sql.js';
import { type NewRow, type OutboxSql, type RowNumber, type Statement, type Which } from './sql/outbox-sql.js';
import { postgresSql } from './sql/postgres-sql.js';
import { OUTBOX_TABLE } from './sql/table-kind.js';
import { DEFAULT_TABLE, tableName } from './sql/table-name.js';
import { assertForm, explained, type KnownTable } from './table-errors.js';

/** Databases limit the size of a statement, in bytes, and the number of its parameters. */
const IN_ONE_STATEMENT: ChunkBounds<NewRow> = {
  most: 500,
  largest: 1_000_000,
  sizeOf: ({ message }) => message.length,
};

/** So long one look is enough for all who ask, in ms. A connection may never answer again, and the next look gets another one. */
const SHARED_MS = 30_000;

/** A row that waits, as the database gives it. */
export interface WaitingRow {
  readonly id: RowNumber;
  readonly task_id: string;
  readonly queue: string;
  readonly message: Uint8Array;
}

/** How the rows of an app stand. */
export interface OutboxState {
  /** those that wait for the relay, 10,000 at most */
  readonly waiting: number;
  /** those that were put aside, 10,000 at most */
  readonly putAside: number;
  /** for how long the first of those that wait has waited; 0 when none waits */
  readonly oldestMs: number;
}

/** The rows of one app in the table of its database. */
export class OutboxTable {
  /** the channel on which PostgreSQL announces rows; 63 bytes are allowed */
  readonly channel: string;
  private readonly sql: OutboxSql;
  private readonly place: KnownTable;
  private looking: { readonly state: Promise<OutboxState>; readonly sinceMs: number } | undefined;

  /** @param name with its schema, if it has one */
  constructor(
    readonly database: OutboxDatabase,
    readonly namespace: string,
    readonly name: string = DEFAULT_TABLE,
  ) {
    const sqlOf = database.dialect === 'postgres' ? postgresSql : mariadbSql;
    this.sql = sqlOf(tableName(name));
    this.place = { kind: OUTBOX_TABLE, name, dialect: database.dialect };
    // not by the name of the table, which apps may write with and without its schema
    const its = createHash('sha256').update(namespace).digest('hex');
    this.channel = `nestwork_outbox_${its.slice(0, 20)}`;
  }

  /**
   * Adds rows in the transaction of a sender, in one statement for 500 of them.
   *
   * @throws NestworkError OUTBOX_NO_TRANSACTION, OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD; the error of the driver
   */
  async add(transaction: unknown, calls: readonly OutboxCall[]): Promise<void> {
    for (const rows of chunksOf(calls.map(encodeRow), IN_ONE_STATEMENT)) {
      // it may have ended since the last statement
      this.assertTransaction(transaction);
      await this.run(transaction, this.sql.insert(this.namespace, rows, this.channel));
    }
  }

  /** @throws NestworkError OUTBOX_NO_TRANSACTION */
  assertTransaction(transaction: unknown): void {
    if (transaction === null || transaction === undefined) throw noTransaction('there is none');
    // that of Prisma and others may be a function
    if (typeof transaction !== 'object' && typeof transaction !== 'function') {
      throw noTransaction(`it is a ${typeof transaction}`);
    }
    const refusal = this.database.refusal?.(transaction);
    if (refusal !== undefined) throw noTransaction(refusal);
  }

  /** Runs something in a transaction of its own. */
  transaction<T>(run: (transaction: unknown) => Promise<T>): Promise<T> {
    return this.database.transaction(run);
  }

  /**
   * Locks rows that wait, the oldest first.
   *
   * @throws TypeError when the library does not give rows by the names of their columns, and a message as bytes
   */
  async next(transaction: unknown, which: Omit<Which, 'namespace'>): Promise<readonly WaitingRow[]> {
    const { beforeNext } = this.sql;
    if (beforeNext !== undefined) await this.run(transaction, { sql: beforeNext, parameters: [] });
    const rows = await this.run(transaction, this.sql.next({ ...which, namespace: this.namespace }));
    return rows.map(assertReadable);
  }

  async remove(transaction: unknown, numbers: readonly RowNumber[]): Promise<void> {
    if (numbers.length > 0) await this.run(transaction, this.sql.remove(numbers));
  }

  /** Keeps a row out of the way. @param problem for people */
  async putAside(transaction: unknown, number: RowNumber, problem: string): Promise<void> {
    await this.run(transaction, this.sql.putAside(number, problem));
  }

  /** Those of these ids that have a row. */
  async known(transaction: unknown, ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.run(transaction, this.sql.known(this.namespace, ids));
    return new Set(rows.map((row) => String(row.task_id)));
  }

  /**
   * The id of the table, which stands in a row of it and goes where its rows go. The first relay makes it.
   *
   * @param fresh the id of a table that has none
   * @returns undefined where another relay has just made it, and this transaction cannot see that yet: the next one can
   */
  async idOf(transaction: unknown, fresh: string): Promise<string | undefined> {
    const named = async (): Promise<string | undefined> => {
      const [row] = await this.run(transaction, this.sql.named());
      return row && Buffer.from(row.message as Uint8Array).toString();
    };
    const known = await named();
    if (known !== undefined) return known;
    await this.run(transaction, this.sql.name(fresh));
    return named();
  }

  /**
   * How the rows stand. Rejects as `assertForm` does. All who ask meanwhile share one look: a database that hangs would get more and more
   * requests for connections otherwise.
   */
  state(): Promise<OutboxState> {
    const sinceMs = performance.now();
    if (this.looking && sinceMs - this.looking.sinceMs < SHARED_MS) return this.looking.state;
    const looking = {
      sinceMs,
      state: this.readState().finally(() => {
        if (this.looking === looking) this.looking = undefined;
      }),
    };
    this.looking = looking;
    return looking.state;
  }

  async counts(transaction: unknown): Promise<OutboxQueueCounts[]> {
    const rows = await this.run(transaction, this.sql.counts(this.namespace));
    return rows.map((row) => ({ queue: String(row.queue), ...stateIn(row) }));
  }

  /** Rows that were put aside, by their ids. */
  async aside(transaction: unknown, limit: number): Promise<OutboxAsideRow[]> {
    const rows = await this.run(transaction, this.sql.aside(this.namespace, limit));
    return rows.map(({ id, task_id, queue, problem, created, aside }) => ({
      id: String(id),
      taskId: String(task_id),
      queue: String(queue),
      reason: String(problem),
      createdAt: new Date(Number(created)),
      putAsideAt: new Date(Number(aside)),
    }));
  }

  /** Lets rows wait again that were put aside, all or these. Resolves to their ids. */
  async restore(transaction: unknown, limit: number, ids?: readonly string[]): Promise<string[]> {
    const rows = await this.run(transaction, this.sql.asideIds(this.namespace, limit, ids));
    const numbers = rows.map(({ id }) => id as RowNumber);
    if (numbers.length > 0) await this.run(transaction, this.sql.restore(numbers));
    return numbers.map(String);
  }

  /** @throws NestworkError OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD; the error of the driver */
  async assertForm(transaction: unknown): Promise<void> {
    const [row] = await this.run(transaction, this.sql.form());
    assertForm(this.place, row);
  }

  private async readState(): Promise<OutboxState> {
    const [row] = await this.transaction((transaction) => this.run(transaction, this.sql.state(this.namespace)));
    return stateIn(row);
  }

  private async run(transaction: unknown, { sql, parameters }: Statement): Promise<readonly OutboxRow[]> {
    try {
      return await this.database.execute(transaction, sql, parameters);
    } catch (error) {
      throw explained(error, this.place);
    }
  }
}

function stateIn(row: OutboxRow | undefined): OutboxState {
  return {
    waiting: Number(row?.waiting),
    putAside: Number(row?.aside),
    oldestMs: Math.max(Math.round(Number(row?.oldest ?? 0)), 0),
  };
}

/** A row that the database has in order must not be put aside because a library is set to give it otherwise. */
function assertReadable(row: OutboxRow): WaitingRow {
  const { id, task_id, queue, message } = row;
  if (id !== undefined && typeof task_id === 'string' && typeof queue === 'string' && message instanceof Uint8Array)
    return row as unknown as WaitingRow;
  throw new TypeError(
    'The library of the database does not give rows as { id, task_id, queue, message } with a message of bytes. Its parsers of types, or its form of rows, were changed: leave those of the pool of the outbox as they are.',
  );
}
