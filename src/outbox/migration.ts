import type { OutboxDialect } from './outbox-database.js';
import { mariadbSql } from './sql/mariadb-sql.js';
import { postgresSql } from './sql/postgres-sql.js';
import { DEFAULT_TABLE, tableName } from './sql/table-name.js';

/**
 * The statements that make the table of an outbox, for a migration.
 *
 * @param table its name, with its schema if it is to have one; `nestwork_outbox` by default
 * @throws NestworkError INVALID_NAME
 * @example
 * for (const statement of outboxMigration('postgres')) await pool.query(statement);
 */
export function outboxMigration(dialect: OutboxDialect, table: string = DEFAULT_TABLE): string[] {
  const sqlOf = dialect === 'postgres' ? postgresSql : mariadbSql;
  return sqlOf(tableName(table)).create();
}
