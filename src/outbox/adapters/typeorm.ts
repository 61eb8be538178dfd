import type { OutboxDatabase, OutboxDialect, OutboxRow } from '../outbox-database.js';
import { canSpareOne, type ListeningClient, listenOn } from './postgres-listener.js';

/**
 * An entity manager of TypeORM, as the outbox uses it.
 *
 * @example
 * await dataSource.transaction(async (manager: TypeormManager) => {
 *   await queue.in(manager).of(ReportTasks).send.delay(7, { weekly: true });
 * });
 */
export interface TypeormManager {
  /** Runs a statement. */
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/**
 * The options of a data source of TypeORM, as far as the outbox needs them.
 *
 * @example
 * const { type }: TypeormSourceOptions = dataSource.options;
 */
export interface TypeormSourceOptions {
  /** `postgres`, `mariadb` or `mysql` */
  readonly type: string;
}

/**
 * A data source of TypeORM, as the outbox uses it.
 *
 * @example
 * const source: TypeormSource = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL });
 */
export interface TypeormSource {
  /** `type` is that of the database */
  readonly options: TypeormSourceOptions;
  /** with its pool */
  readonly driver: object;
  /** Runs something in a transaction. */
  transaction<T>(level: 'READ COMMITTED', run: (manager: TypeormManager) => Promise<T>): Promise<T>;
}

/** The parts of a manager that say where it belongs. */
interface Placed extends Partial<TypeormManager> {
  readonly connection?: unknown;
  readonly dataSource?: unknown;
  /** of a query runner */
  readonly manager?: { readonly queryRunner?: unknown };
  readonly queryRunner?: { readonly isTransactionActive?: boolean; readonly isReleased?: boolean };
}

type ListeningPool = { connect(): Promise<ListeningClient & { release(broken?: boolean): void }> };

const DIALECTS: Readonly<Record<string, OutboxDialect>> = {
  postgres: 'postgres',
  'aurora-postgres': 'postgres',
  mariadb: 'mariadb',
  mysql: 'mariadb',
};

/**
 * The outbox over a data source of TypeORM, for PostgreSQL and MariaDB. Transactions are the entity managers that `dataSource.transaction()`
 * and a `QueryRunner` give. With PostgreSQL the relay keeps one connection of the pool to listen.
 *
 * @throws Error for a data source of another database
 * @example
 * TaskQueueModule.forRootAsync({
 *   inject: [DataSource],
 *   useFactory: (dataSource: DataSource) => ({ outbox: { database: typeormOutbox(dataSource) } }),
 * });
 */
export function typeormOutbox(source: TypeormSource): OutboxDatabase<TypeormManager> {
  const { type } = source.options;
  const dialect = DIALECTS[type];
  if (!dialect) throw new Error(`The outbox has no SQL for a data source of the type "${type}".`);
  return {
    dialect,
    execute: async (manager, sql, parameters) => {
      const rows = await manager.query(sql, [...parameters]);
      return Array.isArray(rows) ? (rows as OutboxRow[]) : [];
    },
    transaction: (run) => source.transaction('READ COMMITTED', run),
    refusal: (given) => refusalOf(given as Placed, source),
    ...(type === 'postgres' && {
      listen: async (channel, on) => {
        // the driver has its pool once the data source is initialized
        const pool = Reflect.get(source.driver, 'master') as ListeningPool;
        if (!canSpareOne(pool)) return undefined;
        const client = await pool.connect();
        return listenOn(client, channel, on, (broken) => client.release(broken));
      },
    }),
  };
}

function refusalOf(given: Placed, source: TypeormSource): string | undefined {
  if (typeof given.query !== 'function') return 'it has no method query()';
  if (given.manager?.queryRunner === given) return 'it is a query runner: give its manager, queryRunner.manager';
  // a client of pg has a `connection`, too
  if (!given.queryRunner) return 'it is no entity manager of a transaction of TypeORM: it has no query runner';
  const its = given.dataSource ?? given.connection;
  if (its !== undefined && its !== source) return 'it belongs to another data source than that of the outbox';
  const { isTransactionActive, isReleased } = given.queryRunner;
  return isTransactionActive && !isReleased ? undefined : 'its transaction is over, or none was begun';
}
