import {
  COMMENT,
  ID_NAMESPACE,
  ID_TASK,
  MOST_COUNTED,
  type NewRow,
  type OutboxSql,
  Parameters,
  type Statement,
} from './outbox-sql.js';
import type { TableName } from './table-name.js';

/** The statements of the outbox for PostgreSQL. */
export function postgresSql({ schema, table: name }: TableName): OutboxSql {
  const table = schema === undefined ? `"${name}"` : `"${schema}"."${name}"`;
  const statement = (write: (parameters: Parameters) => string): Statement => {
    const parameters = new Parameters((number) => `$${number}`);
    return { sql: write(parameters), parameters: parameters.all };
  };
  const added = (namespace: string, rows: readonly NewRow[], given: Parameters): string => {
    const its = given.add(namespace);
    const values = rows.map(
      ({ taskId, queue, message }) => `(${its}, ${given.add(taskId)}, ${given.add(queue)}, ${given.add(message)})`,
    );
    return `insert into ${table} (namespace, task_id, queue, message) values ${values.join(', ')} on conflict do nothing`;
  };
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
      `comment on table ${table} is '${COMMENT}'`,
    ],
    // one statement with the notification, which comes with the commit and once for all of a transaction
    insert: (namespace, rows, channel) =>
      statement(
        (given) => `with sent as (${added(namespace, rows, given)}) select pg_notify(${given.add(channel)}, '')`,
      ),
    next: (namespace, limit, without) =>
      statement((given) => {
        const others = `namespace = ${given.add(namespace)} and put_aside_at is null`;
        const queues = without.length > 0 ? ` and queue not in (${given.list(without)})` : '';
        return `select id, task_id, queue, message from ${table} where ${others}${queues} order by id limit ${limit} for update skip locked`;
      }),
    remove: (numbers) => statement((given) => `delete from ${table} where id in (${given.list(numbers)})`),
    putAside: (number, problem) =>
      statement(
        (given) =>
          `update ${table} set put_aside_at = now(), problem = ${given.add(problem)} where id = ${given.add(number)}`,
      ),
    known: (namespace, ids) =>
      statement(
        (given) =>
          `select task_id from ${table} where namespace = ${given.add(namespace)} and task_id in (${given.list(ids)})`,
      ),
    state: (namespace) =>
      statement((given) => {
        const its = `from ${table} where namespace = ${given.add(namespace)} and put_aside_at is`;
        const count = (which: string): string =>
          `(select count(*) from (select 1 ${its} ${which} limit ${MOST_COUNTED}) counted)`;
        const oldest = `(select extract(epoch from now() - created_at) * 1000 ${its} null order by id limit 1)`;
        return `select ${count('null')} as waiting, ${count('not null')} as aside, ${oldest} as oldest`;
      }),
    name: (id) =>
      statement((given) => added(ID_NAMESPACE, [{ taskId: ID_TASK, queue: '', message: Buffer.from(id) }], given)),
    named: () =>
      statement(
        (given) =>
          `select message from ${table} where namespace = ${given.add(ID_NAMESPACE)} and task_id = ${given.add(ID_TASK)}`,
      ),
    form: () =>
      statement((given) => {
        const its = `to_regclass(${given.add(table)})`;
        return `select obj_description(${its}::oid, 'pg_class') as comment, case when ${its} is null then 0 else 1 end as found`;
      }),
  };
}
