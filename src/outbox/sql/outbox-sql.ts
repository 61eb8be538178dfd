import type { OutboxValue } from '../outbox-database.js';

/** The reserved row of a table in which its id stands: no namespace is empty. */
export const ID_NAMESPACE = '';
export const ID_TASK = 'id';

/** Rows are counted up to here: a count of millions takes long. */
export const MOST_COUNTED = 10_000;

/** A statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly OutboxValue[];
}

/** A row to be added. */
export interface NewRow {
  readonly taskId: string;
  readonly queue: string;
  /** see row.ts */
  readonly message: Buffer;
}

/** The number of a row in its table, as its driver gives it: it is handed back as it is. */
export type RowNumber = OutboxValue;

/** Which of the rows that wait are read next. */
export interface Which {
  readonly namespace: string;
  readonly limit: number;
  /** queues whose rows stay */
  readonly without: readonly string[];
  /** those behind this one; undefined for all */
  readonly after?: RowNumber | undefined;
}

/** All statements of the outbox in the SQL of one database. */
export interface OutboxSql {
  /** The statements that make the table, for a migration. */
  create(): string[];
  /** Adds rows, all of them or, where one is there with the same id, all others; wakes those that listen to the channel. */
  insert(namespace: string, rows: readonly NewRow[], channel: string): Statement;
  /** Said in a transaction before `next`, where the database would not find the rows in the quickest way by itself. */
  readonly beforeNext?: string;
  /** Locks the oldest rows that nobody else has locked: `id, task_id, queue, message`. */
  next(which: Which): Statement;
  remove(numbers: readonly RowNumber[]): Statement;
  putAside(number: RowNumber, problem: string): Statement;
  /** Which of these ids have a row: `task_id`. */
  known(namespace: string, ids: readonly string[]): Statement;
  /** How rows stand: `waiting` and `aside`, counted up to a bound, and `oldest`, the age of the next one in ms. */
  state(namespace: string): Statement;
  /** Rows by queue: `queue`, `waiting`, `aside`, and `oldest`, the age of the oldest that waits in ms. */
  counts(namespace: string): Statement;
  /** Rows that were put aside: `id, task_id, queue, problem`, and `created` and `aside` in ms since 1970. */
  aside(namespace: string, limit: number): Statement;
  /** Locks rows that were put aside, all or these: `id`. */
  asideIds(namespace: string, limit: number, numbers?: readonly string[]): Statement;
  /** Lets rows wait again that were put aside. */
  restore(numbers: readonly RowNumber[]): Statement;
  /** Adds the row with the id of the table, unless it is there. */
  name(id: string): Statement;
  /** That row: `message`. */
  named(): Statement;
  /** The comment of the table: `comment`; no row, or `found` 0, where there is no table. */
  form(): Statement;
}

/** Collects the parameters of a statement. */
export class Parameters {
  readonly all: OutboxValue[] = [];

  /** @param place how the database writes the parameter with this number, from 1 */
  constructor(private readonly place: (number: number) => string) {}

  add(value: OutboxValue): string {
    this.all.push(value);
    return this.place(this.all.length);
  }

  list(values: readonly OutboxValue[]): string {
    return values.map((value) => this.add(value)).join(', ');
  }
}
