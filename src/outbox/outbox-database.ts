/**
 * The databases whose SQL the outbox speaks. `mariadb` is MariaDB from 10.6 on; MySQL 8 has all that it uses, and is not tested.
 *
 * @example
 * const dialect: OutboxDialect = 'postgres';
 */
export type OutboxDialect = 'postgres' | 'mariadb';

/**
 * A parameter of a statement.
 *
 * @example
 * const parameters: OutboxValue[] = ['shop', 7];
 */
export type OutboxValue = string | number | bigint | Buffer;

/**
 * A row, by the names of its columns.
 *
 * @example
 * const row: OutboxRow = { id: '7' };
 */
export type OutboxRow = Readonly<Record<string, unknown>>;

/**
 * How the outbox reaches the database of an app, and the transactions of its library: `execute`, `transaction`, and where the library
 * allows it `refusal` and `listen`. `pgOutbox`, `mysql2Outbox`, `typeormOutbox`, `knexOutbox` and `prismaOutbox` make
 * one.
 *
 * @example
 * // over mysql2, without the refusals of mysql2Outbox
 * const connections = createPool('mysql://localhost/shop');
 * const database: OutboxDatabase<Mysql2Connection> = {
 *   dialect: 'mariadb',
 *   async execute(transaction, sql, parameters) {
 *     const [rows] = await transaction.query(sql, [...parameters]);
 *     return Array.isArray(rows) ? rows : [];
 *   },
 *   async transaction(run) {
 *     const connection = await connections.getConnection();
 *     try {
 *       await connection.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
 *       await connection.beginTransaction();
 *       const result = await run(connection);
 *       await connection.commit();
 *       return result;
 *     } catch (error) {
 *       await connection.rollback();
 *       throw error;
 *     } finally {
 *       connection.release();
 *     }
 *   },
 * };
 */
export interface OutboxDatabase<Transaction = unknown> {
  /** whose SQL it takes; parameters are `$1` and so on in that of `postgres`, and `?` in that of `mariadb` */
  readonly dialect: OutboxDialect;
  /**
   * Runs one statement within a transaction, that of a sender or one of `transaction`. Resolves to its rows; what it resolves to for a
   * statement without rows is ignored. Rejects with the error of the driver.
   */
  execute(transaction: Transaction, sql: string, parameters: readonly OutboxValue[]): Promise<readonly OutboxRow[]>;
  /**
   * Runs something in a transaction of its own, at the level READ COMMITTED, on the primary. Commits when that resolves, rolls back when
   * it rejects. Resolves only when the commit is known to be done.
   */
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>;
  /**
   * Why a value that a sender was given is no transaction in which a row may be added: it is none, is over, or is one of another
   * database. Undefined if it may. Without this function the database finds out.
   */
  refusal?(transaction: unknown): string | undefined;
  /**
   * Listens to a channel of PostgreSQL, on a connection that it keeps. Calls `wake` for each notification, and `lost` once when the
   * connection is gone. Resolves, when it listens, to what ends that, and to undefined where no connection can be spared. Then, and without
   * this function, the relay polls once a second.
   */
  listen?(channel: string, on: OutboxListener): Promise<(() => Promise<void>) | undefined>;
}

/**
 * What a channel reports to the relay.
 *
 * @example
 * const on: OutboxListener = { wake: () => logger.log('rows'), lost: () => logger.warn('listen again') };
 */
export interface OutboxListener {
  /** rows may have come */
  readonly wake: () => void;
  /** the connection is gone: no more reports come */
  readonly lost: () => void;
}
