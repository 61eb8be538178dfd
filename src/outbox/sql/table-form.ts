import type { OutboxDialect } from '../outbox-database.js';
import type { Parameters } from './outbox-sql.js';
import type { TableName } from './table-name.js';

/** The table as statements name it. */
export function quotedTable(dialect: OutboxDialect, { schema, table }: TableName): string {
  const mark = dialect === 'postgres' ? '"' : '`';
  return [...(schema === undefined ? [] : [schema]), table].map((part) => `${mark}${part}${mark}`).join('.');
}

/** Asks for the comment of a table: `comment`; no row, or `found` 0, where there is no table. */
export function formQuery(dialect: OutboxDialect, name: TableName, given: Parameters): string {
  if (dialect === 'postgres') {
    const its = `to_regclass(${given.add(quotedTable(dialect, name))})`;
    return `select obj_description(${its}::oid, 'pg_class') as comment, case when ${its} is null then 0 else 1 end as found`;
  }
  const schema = name.schema === undefined ? 'database()' : given.add(name.schema);
  return `select table_comment as comment, 1 as found from information_schema.tables where table_schema = ${schema} and table_name = ${given.add(name.table)}`;
}
