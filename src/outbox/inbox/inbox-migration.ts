import type { OutboxDialect } from '../outbox-database.js';
import { tableName } from '../sql/table-name.js';
import { DEFAULT_INBOX_TABLE } from './inbox-options.js';
import { inboxSql } from './inbox-sql.js';

/**
 * The statements that make the table of an inbox, for a migration.
 *
 * @param table its name, with its schema if it is to have one; `nestwork_inbox` by default
 * @throws NestworkError INVALID_NAME
 * @example
 * for (const statement of inboxMigration('postgres')) await pool.query(statement);
 */
export function inboxMigration(dialect: OutboxDialect, table: string = DEFAULT_INBOX_TABLE): string[] {
  return inboxSql(dialect, tableName(table)).create();
}
