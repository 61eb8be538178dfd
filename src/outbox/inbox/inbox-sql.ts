import type { OutboxDialect } from '../outbox-database.js';
import { statementsOf } from '../sql/common-sql.js';
import type { Parameters, RowNumber, Statement } from '../sql/outbox-sql.js';
import { formQuery, quotedTable } from '../sql/table-form.js';
import { commentOf, INBOX_TABLE } from '../sql/table-kind.js';
import type { TableName } from '../sql/table-name.js';

const COMMENT = commentOf(INBOX_TABLE);

/** Which effect a mark stands for. */
export interface MarkKey {
  /** id of the task */
  readonly task: string;
  /** name of the step; '' for a task with one */
  readonly step: string;
}

/** All statements of the inbox in the SQL of one database. */
export interface InboxSql {
  /** The statements that make the table, for a migration. */
  create(): string[];
  /** Adds a mark unless it is there, and waits for a transaction that adds the same one. Where the database can, it returns `marked_by` of a new one. */
  mark(namespace: string, key: MarkKey, by: string): Statement;
  /** The mark: `marked_by, result`. */
  found(namespace: string, key: MarkKey): Statement;
  /** Writes what the step returned into its mark. */
  keep(namespace: string, key: MarkKey, result: string): Statement;
  /** Locks the oldest marks that are older than a time and that nobody else has locked: `id`. */
  old(namespace: string, olderThanMs: number, limit: number): Statement;
  remove(numbers: readonly RowNumber[]): Statement;
  /** The comment of the table: `comment`; no row, or `found` 0, where there is no table. */
  form(): Statement;
}

/** In which the databases differ. */
interface Spelling {
  readonly create: (table: string, name: string) => string[];
  readonly place: (number: number) => string;
  /** Behind the values of an INSERT. */
  readonly unlessThere: string;
  /** This moment less so many milliseconds. */
  readonly before: (ms: number, given: Parameters) => string;
}

const POSTGRES: Spelling = {
  create: (table, name) => [
    `create table ${table} (
  id bigint generated always as identity primary key,
  namespace text not null,
  task_id text not null,
  step text not null,
  marked_by text not null,
  result text,
  marked_at timestamptz not null default now(),
  constraint "${name}_step" unique (namespace, task_id, step)
)`,
    `create index "${name}_age" on ${table} (namespace, marked_at)`,
    `comment on table ${table} is '${COMMENT}'`,
  ],
  place: (number) => `$${number}`,
  unlessThere: 'on conflict do nothing returning marked_by',
  before: (ms, given) => `now() - ${given.add(ms)}::double precision * interval '1 millisecond'`,
};

const MARIADB: Spelling = {
  create: (table, name) => [
    `create table ${table} (
  id bigint unsigned not null auto_increment primary key,
  namespace varchar(100) character set ascii collate ascii_bin not null,
  task_id varchar(20) character set ascii collate ascii_bin not null,
  step varchar(100) character set ascii collate ascii_bin not null,
  marked_by varchar(20) character set ascii collate ascii_bin not null,
  result mediumtext character set utf8mb4 collate utf8mb4_bin,
  marked_at timestamp(3) not null default current_timestamp(3),
  unique key ${name}_step (namespace, task_id, step),
  key ${name}_age (namespace, marked_at)
) engine = InnoDB comment = '${COMMENT}'`,
  ],
  place: () => '?',
  // INSERT IGNORE would hide other errors, too
  unlessThere: 'on duplicate key update id = id',
  before: (ms, given) => `timestampadd(microsecond, ${given.add(-ms * 1_000)}, current_timestamp(3))`,
};

export function inboxSql(dialect: OutboxDialect, name: TableName): InboxSql {
  const { create, place, unlessThere, before } = dialect === 'postgres' ? POSTGRES : MARIADB;
  const table = quotedTable(dialect, name);
  const statement = statementsOf({ place });
  const its = (namespace: string, { task, step }: MarkKey, given: Parameters): string =>
    `where namespace = ${given.add(namespace)} and task_id = ${given.add(task)} and step = ${given.add(step)}`;
  return {
    create: () => create(table, name.table),
    mark: (namespace, { task, step }, by) =>
      statement(
        (given) =>
          `insert into ${table} (namespace, task_id, step, marked_by) values (${given.list([namespace, task, step, by])}) ${unlessThere}`,
      ),
    found: (namespace, key) =>
      statement((given) => `select marked_by, result from ${table} ${its(namespace, key, given)}`),
    keep: (namespace, key, result) =>
      statement((given) => `update ${table} set result = ${given.add(result)} ${its(namespace, key, given)}`),
    old: (namespace, olderThanMs, limit) =>
      statement(
        (given) =>
          `select id from ${table} where namespace = ${given.add(namespace)} and marked_at < ${before(olderThanMs, given)} order by marked_at limit ${limit} for update skip locked`,
      ),
    remove: (numbers) => statement((given) => `delete from ${table} where id in (${given.list(numbers)})`),
    form: () => statement((given) => formQuery(dialect, name, given)),
  };
}
