import type { OutboxDatabase, OutboxRow } from '../outbox-database.js';
import { ownTransaction } from './own-transaction.js';
import { canSpareOne, type ListeningEvents, listenOn } from './postgres-listener.js';

/**
 * A connection of `pg`, as the outbox uses it: a `Client`, or the `PoolClient` that `pool.connect()` gives.
 *
 * @example
 * const client: PgClient = await pool.connect();
 */
export interface PgClient {
  /** Runs a statement. */
  query(sql: string, values?: unknown[]): Promise<PgResult>;
}

/**
 * What a client of `pg` answers.
 *
 * @example
 * const { rows }: PgResult = await pool.query('SELECT 1 AS one');
 */
export interface PgResult {
  /** by the names of their columns */
  readonly rows: readonly OutboxRow[];
}

/**
 * A client of a pool.
 *
 * @example
 * const client: PgPoolClient = await pool.connect();
 */
export interface PgPoolClient extends PgClient, ListeningEvents {
  /** Gives it back, or ends it if it is broken. */
  release(broken?: boolean): void;
}

/**
 * The pool of `pg`, as the outbox uses it.
 *
 * @example
 * const pool: PgPool = new Pool({ connectionString: process.env.DATABASE_URL });
 */
export interface PgPool {
  /** Takes a client. */
  connect(): Promise<PgPoolClient>;
}

/** What newer versions of `pg` know of a connection. */
interface Known {
  /** `I`: in no transaction; `T`: in one; `E`: in one that has failed */
  readonly getTransactionStatus?: () => string | null;
  readonly database?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
}

/**
 * The outbox over a pool of `pg` (node-postgres). Transactions are the clients on which the app has sent `BEGIN`. The relay keeps one
 * connection of the pool to listen, and takes a second one for a moment: leave room for both. With a pool of one connection it polls.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * TaskQueueModule.forRoot({ outbox: { database: pgOutbox(pool) } });
 */
export function pgOutbox(pool: PgPool): OutboxDatabase<PgClient> {
  let own: Known | undefined;
  return {
    dialect: 'postgres',
    execute: async (client, sql, parameters) => (await client.query(sql, [...parameters])).rows,
    transaction: async (run) => {
      const client = await pool.connect();
      own ??= client as Known;
      // an error between two statements ends in the next one
      const ignore = (): void => {};
      client.on('error', ignore);
      return ownTransaction(
        {
          query: (sql) => client.query(sql),
          begin: ['begin isolation level read committed'],
          release: (isBroken) => {
            if (!isBroken) client.off('error', ignore);
            client.release(isBroken);
          },
        },
        () => run(client),
      );
    },
    refusal: (given) => refusalOf(given as Partial<PgClient> & Known, own),
    listen: async (channel, on) => {
      if (!canSpareOne(pool)) return undefined;
      const client = await pool.connect();
      return listenOn(client, channel, on, (broken) => client.release(broken));
    },
  };
}

function refusalOf(given: Partial<PgClient> & Known, own: Known | undefined): string | undefined {
  if (typeof given.query !== 'function') return 'it has no method query()';
  if (typeof Reflect.get(given, 'totalCount') === 'number') return 'it is a pool, and not a client with a transaction';
  const status = given.getTransactionStatus?.();
  if (status === 'I') return 'its transaction is over, or none was begun';
  if (status === 'E') return 'its transaction has failed, and can only be rolled back';
  if (own?.host !== undefined && given.host === undefined) return 'it is no client of pg';
  const isOther = own && (['host', 'port', 'database'] as const).some((field) => own[field] !== given[field]);
  return isOther ? 'it belongs to another database than that of the outbox' : undefined;
}
