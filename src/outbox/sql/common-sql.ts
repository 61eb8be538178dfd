import {
  ID_NAMESPACE,
  ID_TASK,
  MOST_COUNTED,
  type NewRow,
  type OutboxSql,
  Parameters,
  type RowNumber,
  type Statement,
} from './outbox-sql.js';

/** In which databases differ, where their statements are the same. */
export interface Dialect {
  /** the table, quoted */
  readonly table: string;
  /** how the database writes the parameter with this number, from 1 */
  readonly place: (number: number) => string;
  /** this moment */
  readonly now: string;
  /** the age of a row, in ms */
  readonly age: string;
  /** Removes rows by their numbers; may lock no others. */
  readonly remove: (numbers: readonly RowNumber[], given: Parameters) => string;
  /** Sets columns of rows by their numbers; may lock no others. */
  readonly set: (columns: readonly string[], numbers: readonly RowNumber[], given: Parameters) => string;
  /** a time, in ms since 1970 */
  readonly msOf: (column: string) => string;
  /** Adds rows, those left out that are there with the same id. */
  readonly added: (namespace: string, rows: readonly NewRow[], given: Parameters) => string;
}

/** Writes a statement and collects its parameters. */
export type Write = (write: (given: Parameters) => string) => Statement;

export function statementsOf({ place }: Pick<Dialect, 'place'>): Write {
  return (write) => {
    const given = new Parameters(place);
    return { sql: write(given), parameters: given.all };
  };
}

/** The statements that are the same in all databases, but for their spelling. */
export function commonSql(dialect: Dialect): Omit<OutboxSql, 'create' | 'insert' | 'form' | 'beforeNext'> {
  const { table, now, age, added, remove, set, msOf } = dialect;
  const statement = statementsOf(dialect);
  return {
    next: ({ namespace, limit, without, after }) =>
      statement((given) => {
        const its = `namespace = ${given.add(namespace)} and put_aside_at is null`;
        const behind = after === undefined ? '' : ` and id > ${given.add(after)}`;
        const queues = without.length > 0 ? ` and queue not in (${given.list(without)})` : '';
        return `select id, task_id, queue, message from ${table} where ${its}${behind}${queues} order by id limit ${limit} for update skip locked`;
      }),
    remove: (numbers) => statement((given) => remove(numbers, given)),
    putAside: (number, problem) =>
      statement(
        (given) =>
          `update ${table} set put_aside_at = ${now}, problem = ${given.add(problem)} where id = ${given.add(number)}`,
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
        const oldest = `(select ${age} ${its('null')} order by id limit 1)`;
        return `select ${count('null')} as waiting, ${count('not null')} as aside, ${oldest} as oldest`;
      }),
    counts: (namespace) =>
      statement((given) => {
        const waits = (value: string): string => `case when put_aside_at is null then ${value} end`;
        const columns = `queue, count(${waits('1')}) as waiting, count(put_aside_at) as aside, max(${waits(age)}) as oldest`;
        return `select ${columns} from ${table} where namespace = ${given.add(namespace)} group by queue order by queue`;
      }),
    aside: (namespace, limit) =>
      statement((given) => {
        const columns = `id, task_id, queue, problem, ${msOf('created_at')} as created, ${msOf('put_aside_at')} as aside`;
        return `select ${columns} from ${table} where namespace = ${given.add(namespace)} and put_aside_at is not null order by id limit ${limit}`;
      }),
    asideIds: (namespace, limit, numbers) =>
      statement((given) => {
        const its = `namespace = ${given.add(namespace)} and put_aside_at is not null`;
        const these = numbers ? ` and id in (${given.list(numbers)})` : '';
        return `select id from ${table} where ${its}${these} order by id limit ${limit} for update skip locked`;
      }),
    restore: (numbers) => statement((given) => set(['put_aside_at = null', 'problem = null'], numbers, given)),
    name: (id) =>
      statement((given) => added(ID_NAMESPACE, [{ taskId: ID_TASK, queue: '', message: Buffer.from(id) }], given)),
    named: () =>
      statement(
        (given) =>
          `select message from ${table} where namespace = ${given.add(ID_NAMESPACE)} and task_id = ${given.add(ID_TASK)}`,
      ),
  };
}
