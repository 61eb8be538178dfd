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

/** The statements of the outbox for MariaDB from 10.6 on, which has SKIP LOCKED. */
export function mariadbSql({ schema, table: name }: TableName): OutboxSql {
  const table = schema === undefined ? `\`${name}\`` : `\`${schema}\`.\`${name}\``;
  const statement = (write: (parameters: Parameters) => string): Statement => {
    const parameters = new Parameters(() => '?');
    return { sql: write(parameters), parameters: parameters.all };
  };
  // INSERT IGNORE would hide other errors, too
  const added = (namespace: string, rows: readonly NewRow[], given: Parameters): string => {
    const values = rows.map(({ taskId, queue, message }) => `(${given.list([namespace, taskId, queue, message])})`);
    return `insert into ${table} (namespace, task_id, queue, message) values ${values.join(', ')} on duplicate key update id = id`;
  };
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
) engine = InnoDB comment = '${COMMENT}'`,
    ],
    insert: (namespace, rows) => statement((given) => added(namespace, rows, given)),
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
          `update ${table} set put_aside_at = current_timestamp(3), problem = ${given.add(problem)} where id = ${given.add(number)}`,
      ),
    known: (namespace, ids) =>
      statement(
        (given) =>
          `select task_id from ${table} where namespace = ${given.add(namespace)} and task_id in (${given.list(ids)})`,
      ),
    state: (namespace) =>
      statement((given) => {
        const its = (which: string): string =>
          `from ${table} where namespace = ${given.add(namespace)} and put_aside_at is ${which}`;
        const count = (which: string): string =>
          `(select count(*) from (select 1 ${its(which)} limit ${MOST_COUNTED}) counted)`;
        const age = 'timestampdiff(microsecond, created_at, current_timestamp(3)) / 1000';
        const oldest = `(select ${age} ${its('null')} order by id limit 1)`;
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
        const its = schema === undefined ? 'database()' : given.add(schema);
        return `select table_comment as comment, 1 as found from information_schema.tables where table_schema = ${its} and table_name = ${given.add(name)}`;
      }),
  };
}
