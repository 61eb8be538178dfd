import { commonSql, type Dialect, statementsOf } from './common-sql.js';
import { type OutboxSql } from './outbox-sql.js';
import { formQuery, quotedTable } from './table-form.js';
import { commentOf, OUTBOX_TABLE } from './table-kind.js';
import type { TableName } from './table-name.js';

/** The statements of the outbox for PostgreSQL. */
export function postgresSql(its: TableName): OutboxSql {
  const { table: name } = its;
  const table = quotedTable('postgres', its);
  const dialect: Dialect = {
    table,
    place: (number) => `$${number}`,
    now: 'now()',
    age: 'extract(epoch from now() - created_at) * 1000',
    set: (columns, numbers, given) => `update ${table} set ${columns.join(', ')} where id in (${given.list(numbers)})`,
    msOf: (column) => `extract(epoch from ${column}) * 1000`,
    remove: (numbers, given) => `delete from ${table} where id in (${given.list(numbers)})`,
    added: (namespace, rows, given) => {
      const app = given.add(namespace);
      const values = rows.map(
        ({ taskId, queue, message }) => `(${app}, ${given.add(taskId)}, ${given.add(queue)}, ${given.add(message)})`,
      );
      return `insert into ${table} (namespace, task_id, queue, message) values ${values.join(', ')} on conflict do nothing`;
    },
  };
  const statement = statementsOf(dialect);
  return {
    create: () => [
      `create table ${table} (
  id bigint generated always as identity primary key,
  namespace text not null,
  task_id text not null,
  queue text not null,
  message bytea not null,
  created_at timestamptz not null default now(),
  problem text,
  put_aside_at timestamptz,
  constraint "${name}_task" unique (namespace, task_id)
)`,
      `create index "${name}_next" on ${table} (namespace, id) where put_aside_at is null`,
      `create index "${name}_aside" on ${table} (namespace) where put_aside_at is not null`,
      `comment on table ${table} is '${commentOf(OUTBOX_TABLE)}'`,
    ],
    // one statement with the notification, which comes with the commit and once for all of a transaction
    insert: (namespace, rows, channel) =>
      statement(
        (given) =>
          `with sent as (${dialect.added(namespace, rows, given)}) select pg_notify(${given.add(channel)}, '')`,
      ),
    // the statistics of a table that is mostly empty let the planner sort all that waits for each batch, not read the index in its order
    beforeNext: 'set local enable_sort = off',
    ...commonSql(dialect),
    form: () => statement((given) => formQuery('postgres', its, given)),
  };
}
