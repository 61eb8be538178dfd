import type { OutboxDatabase, OutboxDialect, OutboxRow, OutboxValue } from '../outbox-database.js';
import { canSpareOne, type ListeningClient, listenOn } from './postgres-listener.js';

/**
 * A transaction of Knex, as the outbox uses it.
 *
 * @example
 * const database = knex({ client: 'pg', connection: process.env.DATABASE_URL });
 * await database.transaction(async (trx: KnexTransaction) => {
 *   await queue.in(trx).of(ReportTasks).send.delay(7, { weekly: true });
 * });
 */
export interface KnexTransaction {
  /** Runs a statement. */
  raw(sql: string, bindings: readonly unknown[]): PromiseLike<unknown>;
  /** Whether it was committed or rolled back. */
  isCompleted(): boolean;
}

/**
 * An instance of Knex, as the outbox uses it.
 *
 * @example
 * const database: KnexInstance = knex({ client: 'pg', connection: process.env.DATABASE_URL });
 */
export interface KnexInstance {
  /** with its dialect and its pool */
  readonly client: object;
  /** Runs something in a transaction. */
  transaction<T>(run: (trx: KnexTransaction) => Promise<T>, config: { isolationLevel: 'read committed' }): Promise<T>;
}

/** The parts of the client of an instance that the outbox needs. */
interface KnexClient {
  readonly config: { readonly client: unknown };
  readonly dialect?: string;
  readonly pool?: object;
  acquireConnection(): Promise<ListeningClient>;
  releaseConnection(connection: ListeningClient): Promise<unknown>;
}

const DIALECTS: Readonly<Record<string, OutboxDialect>> = { postgresql: 'postgres', mysql: 'mariadb' };

/**
 * The outbox over Knex, with `pg` for PostgreSQL and `mysql2` for MariaDB. Transactions are what `knex.transaction()` gives. With PostgreSQL
 * the relay keeps one connection of the pool to listen.
 *
 * @throws Error for an instance with another driver
 * @example
 * const database = knex({ client: 'pg', connection: process.env.DATABASE_URL });
 * TaskQueueModule.forRoot({ outbox: { database: knexOutbox(database) } });
 */
export function knexOutbox(knex: KnexInstance): OutboxDatabase<KnexTransaction> {
  const client = knex.client as KnexClient;
  const dialect = DIALECTS[client.dialect ?? ''];
  if (!dialect) throw new Error(`The outbox has no SQL for Knex with the dialect "${String(client.dialect)}".`);
  return {
    dialect,
    execute: async (trx, sql, parameters) => rowsOf(await trx.raw(...inKnex(sql, parameters, dialect))),
    transaction: (run) => knex.transaction(run, { isolationLevel: 'read committed' }),
    refusal: (given) => refusalOf(given as Partial<KnexTransaction>, client),
    ...(dialect === 'postgres' && {
      listen: async (channel, on) => {
        if (!canSpareOne(client.pool)) return undefined;
        const connection = await client.acquireConnection();
        return listenOn(connection, channel, on, (broken) => {
          // the pool looks at it before it gives it to others
          if (broken) Reflect.set(connection, '__knex__disposed', new Error('The connection was lost.'));
          return client.releaseConnection(connection);
        });
      },
    }),
  };
}

/** Knex has `?` in place of `$1`, and takes each parameter in the order of its places. */
function inKnex(sql: string, parameters: readonly OutboxValue[], dialect: OutboxDialect): [string, OutboxValue[]] {
  if (dialect === 'mariadb') return [sql, [...parameters]];
  const bindings: OutboxValue[] = [];
  const text = sql.replace(/\$(\d+)/g, (_, number: string) => {
    bindings.push(parameters[Number(number) - 1] as OutboxValue);
    return '?';
  });
  return [text, bindings];
}

/** `pg` gives an object with rows, `mysql2` a list of rows and columns. */
function rowsOf(result: unknown): OutboxRow[] {
  const rows: unknown = Array.isArray(result) ? result[0] : Reflect.get(Object(result), 'rows');
  return Array.isArray(rows) ? (rows as OutboxRow[]) : [];
}

function refusalOf(given: Partial<KnexTransaction>, client: KnexClient): string | undefined {
  if (typeof given.raw !== 'function') return 'it has no method raw()';
  if (!Reflect.get(given, 'isTransaction') || typeof given.isCompleted !== 'function') {
    return 'it is an instance of Knex, and no transaction';
  }
  if (given.isCompleted()) return 'its transaction is over';
  const its = Reflect.get(given, 'client') as Partial<KnexClient> | undefined;
  return its?.config && its.config !== client.config
    ? 'it belongs to another instance of Knex than that of the outbox'
    : undefined;
}
