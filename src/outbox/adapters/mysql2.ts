import type { OutboxDatabase, OutboxRow } from '../outbox-database.js';
import { ownTransaction } from './own-transaction.js';

/**
 * A connection of `mysql2/promise`, as the outbox uses it.
 *
 * @example
 * const connection: Mysql2Connection = await createPool('mysql://localhost/shop').getConnection();
 */
export interface Mysql2Connection {
  /** Runs a statement. */
  query(sql: string, values?: unknown[]): Promise<[rows: unknown, fields: unknown]>;
}

/**
 * A connection of a pool.
 *
 * @example
 * const connection: Mysql2PoolConnection = await createPool('mysql://localhost/shop').getConnection();
 */
export interface Mysql2PoolConnection extends Mysql2Connection {
  /** Gives it back. */
  release(): void;
  /** Ends it. */
  destroy(): void;
}

/**
 * The pool of `mysql2/promise`, as the outbox uses it.
 *
 * @example
 * const connections: Mysql2Pool = createPool('mysql://localhost/shop');
 */
export interface Mysql2Pool {
  /** Takes a connection. */
  getConnection(): Promise<Mysql2PoolConnection>;
}

/**
 * The outbox over a pool of `mysql2/promise`, for MariaDB from 10.6 on. Transactions are the connections on which the app has called
 * `beginTransaction()`. mysql2 does not say whether one is over: a row that is added then is sent at once.
 *
 * @example
 * const connections = createPool('mysql://localhost/shop');
 * TaskQueueModule.forRoot({ outbox: { database: mysql2Outbox(connections) } });
 */
export function mysql2Outbox(pool: Mysql2Pool): OutboxDatabase<Mysql2Connection> {
  return {
    dialect: 'mariadb',
    execute: async (connection, sql, parameters) => {
      const [rows] = await connection.query(sql, [...parameters]);
      return Array.isArray(rows) ? (rows as OutboxRow[]) : [];
    },
    transaction: async (run) => {
      const connection = await pool.getConnection();
      return ownTransaction(
        {
          query: (sql) => connection.query(sql),
          // at its default level the locks of the relay would hold up senders
          begin: ['set transaction isolation level read committed', 'start transaction'],
          release: (isBroken) => (isBroken ? connection.destroy() : connection.release()),
        },
        () => run(connection),
      );
    },
    refusal: (given) => {
      if (typeof Reflect.get(given as object, 'getConnection') === 'function') {
        return 'it is a pool, and not a connection with a transaction';
      }
      return typeof Reflect.get(given as object, 'query') === 'function' ? undefined : 'it has no method query()';
    },
  };
}
