import { commonSql, type Dialect, statementsOf } from './common-sql.js';
import { type OutboxSql, type Parameters, type RowNumber } from './outbox-sql.js';
import { formQuery, quotedTable } from './table-form.js';
import { commentOf, OUTBOX_TABLE } from './table-kind.js';
import type { TableName } from './table-name.js';

/** The statements of the outbox for MariaDB from 10.6 on, which has SKIP LOCKED. */
export function mariadbSql(its: TableName): OutboxSql {
  const { table: name } = its;
  const table = quotedTable('mariadb', its);
  // for a long IN the optimizer may scan the table, and so wait for the rows of open transactions
  const chosen = (numbers: readonly RowNumber[], given: Parameters): string => {
    const list = given.add(JSON.stringify(numbers.map(String)));
    return `json_table(${list}, '$[*]' columns (number bigint unsigned path '$')) as chosen straight_join ${table} as its force index (primary) on its.id = chosen.number`;
  };
  const dialect: Dialect = {
    table,
    place: () => '?',
    now: 'current_timestamp(3)',
    // in local time the last hour of the summer would come twice
    age: '(@@timestamp - unix_timestamp(created_at)) * 1000',
    remove: (numbers, given) => `delete its from ${chosen(numbers, given)}`,
    set: (columns, numbers, given) =>
      `update ${chosen(numbers, given)} set ${columns.map((column) => `its.${column}`).join(', ')}`,
    msOf: (column) => `unix_timestamp(${column}) * 1000`,
    // INSERT IGNORE would hide other errors, too
    added: (namespace, rows, given) => {
      const values = rows.map(({ taskId, queue, message }) => `(${given.list([namespace, taskId, queue, message])})`);
      return `insert into ${table} (namespace, task_id, queue, message) values ${values.join(', ')} on duplicate key update id = id`;
    },
  };
  const statement = statementsOf(dialect);
  return {
    create: () => [
      `create table ${table} (
  id bigint unsigned not null auto_increment primary key,
  namespace varchar(100) character set ascii collate ascii_bin not null,
  task_id varchar(20) character set ascii collate ascii_bin not null,
  queue varchar(100) character set ascii collate ascii_bin not null,
  message longblob not null,
  created_at timestamp(3) not null default current_timestamp(3),
  problem text character set utf8mb4,
  put_aside_at timestamp(3) null,
  unique key ${name}_task (namespace, task_id),
  key ${name}_next (namespace, put_aside_at, id)
) engine = InnoDB comment = '${commentOf(OUTBOX_TABLE)}'`,
    ],
    insert: (namespace, rows) => statement((given) => dialect.added(namespace, rows, given)),
    ...commonSql(dialect),
    form: () => statement((given) => formQuery('mariadb', its, given)),
  };
}
