import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import type { OutboxDatabase } from './outbox-database.js';
import { DEFAULT_TABLE, tableName } from './sql/table-name.js';

/**
 * The outbox of an app: tasks that are sent within transactions of its database.
 *
 * @example
 * const outbox: OutboxOptions = { database: pgOutbox(pool), table: 'app.nestwork_outbox' };
 * TaskQueueModule.forRoot({ outbox });
 */
export interface OutboxOptions {
  /** The database, and how its transactions are reached: `pgOutbox(pool)`, `typeormOutbox(dataSource)` or another one of `nestwork/outbox`. */
  database: OutboxDatabase;
  /**
   * The table, with its schema if that is not the one of the connection: letters, digits and "_".
   * @default 'nestwork_outbox'
   */
  table?: string;
  /**
   * Whether this process may relay: one at a time does, of all that may. With false in each app, the rows wait for another process that
   * has the module.
   * @default true
   */
  relay?: boolean;
  /**
   * Finds the transaction of the caller for `queue.in()` without an argument, for libraries that keep it in the async context. Undefined
   * or null where there is none.
   * @default none: in() needs its argument
   * @example
   * const transactions = new AsyncLocalStorage<object>();
   * TaskQueueModule.forRoot({ outbox: { database: pgOutbox(pool), current: () => transactions.getStore() } });
   */
  current?: () => unknown;
}

/** The same with all defaults, checked. */
export interface ResolvedOutboxOptions extends Pick<OutboxOptions, 'current'> {
  readonly database: OutboxDatabase;
  readonly table: string;
  readonly relay: boolean;
}

const WHERE = 'the option `outbox` of TaskQueueModule';

/**
 * Checks the options and fills in the defaults; undefined for an app without an outbox.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_NAME
 */
export function resolveOutbox(given: OutboxOptions | undefined): ResolvedOutboxOptions | undefined {
  if (given === undefined) return undefined;
  assertKnownOptions(given, ['database', 'table', 'relay', 'current'], WHERE);
  const { database, table = DEFAULT_TABLE, relay = true, current } = given;
  assertDatabase(database, 'outbox.database');
  tableName(table);
  if (typeof relay !== 'boolean') {
    throw invalid(
      'outbox.relay',
      `is ${shown(relay)}, and neither true nor false`,
      'Give false in processes that shall not relay.',
    );
  }
  if (current !== undefined && typeof current !== 'function') {
    throw invalid(
      'outbox.current',
      `is ${shown(current)}, and no function`,
      'Give one that returns the transaction: () => host.tx.',
    );
  }
  return { database, table, relay, current };
}

/**
 * Refuses what the adapters do not return.
 *
 * @param option its name, for the error
 * @throws NestworkError INVALID_OPTION
 */
export function assertDatabase(database: unknown, option: string): asserts database is OutboxDatabase {
  const remedy =
    'Give what pgOutbox(), mysql2Outbox(), typeormOutbox(), knexOutbox() or prismaOutbox() of nestwork/outbox returns.';
  if (typeof database !== 'object' || database === null) {
    throw invalid(option, `is ${shown(database)}, and no database`, remedy);
  }
  const { dialect, execute, transaction } = database as Partial<Record<string, unknown>>;
  if (dialect !== 'postgres' && dialect !== 'mariadb') {
    throw invalid(option, `has the dialect ${shown(dialect)}`, [remedy, "The dialects are 'postgres' and 'mariadb'."]);
  }
  if (typeof execute === 'function' && typeof transaction === 'function') return;
  throw invalid(option, 'lacks execute() or transaction()', remedy);
}
