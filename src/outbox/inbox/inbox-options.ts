import { type Duration, MAX_DURATION_MS } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { type Resolved, type RulesOf, resolveOptions, rule, time } from '../../values/option-rules.js';
import type { OutboxDatabase } from '../outbox-database.js';
import { assertDatabase } from '../outbox-options.js';
import { tableName } from '../sql/table-name.js';

/** What the table is called unless the app says otherwise. */
export const DEFAULT_INBOX_TABLE = 'nestwork_inbox';

/** A task that is tried again after its mark is gone would have its effect twice. */
const SHORTEST_KEEP_MS = 3_600_000;

/**
 * The inbox of an app: tasks that have their effects in its database once, see `Inbox`.
 *
 * @example
 * const inbox: InboxOptions = { database: pgOutbox(pool), keep: '30d' };
 * TaskQueueModule.forRoot({ inbox });
 */
export interface InboxOptions {
  /** The database, and how its transactions are begun: `pgOutbox(pool)`, `typeormOutbox(dataSource)` or another one of `nestwork/outbox`. */
  database: OutboxDatabase;
  /**
   * The table, with its schema if that is not the one of the connection: letters, digits and "_".
   * @default 'nestwork_inbox'
   */
  table?: string;
  /**
   * How long marks are kept, at least an hour: longer than from the first attempt at a task to its last one, redrives included.
   * @default '7d'
   */
  keep?: Duration;
}

const RULES = {
  database: rule((given: OutboxDatabase | undefined, option) => {
    assertDatabase(given, option);
    return given;
  }),
  table: rule((given: string | undefined = DEFAULT_INBOX_TABLE) => {
    tableName(given);
    return given;
  }),
  keep: time(SHORTEST_KEEP_MS, '7d', MAX_DURATION_MS),
} satisfies RulesOf<InboxOptions>;

/** The same with all defaults, checked. */
export type ResolvedInboxOptions = Resolved<typeof RULES>;

/**
 * Checks the options and fills in the defaults; undefined for an app without an inbox.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION
 */
export function resolveInbox(given: InboxOptions | undefined): ResolvedInboxOptions | undefined {
  if (given === undefined) return undefined;
  assertKnownOptions(given, Object.keys(RULES), 'the option `inbox` of TaskQueueModule');
  return resolveOptions(RULES, given, 'inbox.');
}
