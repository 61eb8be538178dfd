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
  const { table, now, age, added, remove } = dialect;
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
    name: (id) =>
      statement((given) => added(ID_NAMESPACE, [{ taskId: ID_TASK, queue: '', message: Buffer.from(id) }], given)),
    named: () =>
      statement(
        (given) =>
          `select message from ${table} where namespace = ${given.add(ID_NAMESPACE)} and task_id = ${given.add(ID_TASK)}`,
      ),
  };
}
