import { NestworkError } from '../errors.js';
import type { OutboxDialect } from './outbox-database.js';
import { FORM, TABLE_FORM } from './sql/outbox-sql.js';

/** How the drivers and libraries of both databases say what went wrong. */
const NO_TABLE = new Set<unknown>(['42P01', 'ER_NO_SUCH_TABLE', 1146, '1146']);
const NO_COLUMN = new Set<unknown>(['42703', 'ER_BAD_FIELD_ERROR', 1054, '1054']);
const DEADLOCK = new Set<unknown>(['40P01', '40001', 'ER_LOCK_DEADLOCK', 1213, '1213']);

/** `queue.in()` in an app without the option. */
export function notConfigured(): NestworkError {
  return new NestworkError('OUTBOX_NOT_CONFIGURED', 'This app has no outbox, so it cannot send within a transaction.', [
    'Give TaskQueueModule the option `outbox`: forRootAsync({ inject: [DataSource], useFactory: (source) => ({ outbox: { database: typeormOutbox(source) } }) }).',
  ]);
}

/** @param why as a sentence goes on: `it is over` */
export function noTransaction(why: string, cause?: unknown): NestworkError {
  return new NestworkError(
    'OUTBOX_NO_TRANSACTION',
    `queue.in() got no transaction in which a task could be sent: ${why}. Nothing was sent.`,
    [
      'Give what the library hands to the function of a transaction, and await all that is sent before that function returns.',
      'Outside of transactions send without in(): queue.of(ReportTasks).send.delay(7).',
    ],
    cause === undefined ? undefined : { cause },
  );
}

/**
 * Something that has no answer before the commit.
 *
 * @param so what came of the call
 */
export function unsupported(what: string, remedies: readonly string[], so = ' Nothing was sent.'): NestworkError {
  return new NestworkError('OUTBOX_UNSUPPORTED', `${what}${so}`, remedies);
}

export function tableMissing(table: string, dialect: OutboxDialect, cause?: unknown): NestworkError {
  return new NestworkError(
    'OUTBOX_TABLE_MISSING',
    `The database has no table ${table}, from which the outbox sends.`,
    [
      `Put what \`npx nestwork outbox sql --${dialect}\` prints into a migration.`,
      'A table of another name or schema is named by the option: outbox: { table: "app.nestwork_outbox" }.',
    ],
    cause === undefined ? undefined : { cause },
  );
}

/** @param comment of the table; undefined where it is not known */
export function tableOfOtherForm(
  table: string,
  dialect: OutboxDialect,
  comment?: string,
  cause?: unknown,
): NestworkError {
  const found = FORM.exec(comment ?? '')?.[1];
  const its = found === undefined ? 'does not say which form it has' : `has the form ${found}`;
  const remedy =
    Number(found) > TABLE_FORM
      ? 'Update nestwork in this app: another one has migrated the table.'
      : `Compare it with what \`npx nestwork outbox sql --${dialect}\` prints, and migrate it; its comment says the form.`;
  return new NestworkError(
    'OUTBOX_TABLE_OLD',
    `The table ${table} ${its}; the outbox needs the form ${TABLE_FORM}.`,
    [remedy],
    cause === undefined ? undefined : { cause },
  );
}

/** The error of a statement, in our words where the table is the reason: libraries wrap those of their drivers. */
export function explained(error: unknown, table: string, dialect: OutboxDialect): unknown {
  const trouble = tableTrouble(error);
  if (trouble === 'missing') return tableMissing(table, dialect, error);
  return trouble === 'old' ? tableOfOtherForm(table, dialect, undefined, error) : error;
}

/** What is wrong with the table of a statement; undefined where the statement failed for another reason. */
export function tableTrouble(error: unknown): 'missing' | 'old' | undefined {
  const codes = codesOf(error);
  if (codes.some((code) => NO_TABLE.has(code))) return 'missing';
  return codes.some((code) => NO_COLUMN.has(code)) ? 'old' : undefined;
}

/** Whether the database has ended a transaction because of another one, and would not do so the next time. */
export function isDeadlock(error: unknown): boolean {
  return codesOf(error).some((code) => DEADLOCK.has(code));
}

/** Whether PostgreSQL refuses a statement because an earlier one of the transaction has failed. */
export function isAborted(error: unknown): boolean {
  return codesOf(error).includes('25P02');
}

function codesOf(error: unknown, depth = 0): unknown[] {
  if (typeof error !== 'object' || error === null || depth > 3) return [];
  const { code, errno, originalCode, driverError, meta, driverAdapterError, cause } = error as Record<string, unknown>;
  const wrapped = [driverError, meta, driverAdapterError, cause].flatMap((inner) => codesOf(inner, depth + 1));
  return [code, errno, originalCode, ...wrapped];
}
