import { NestworkError } from '../errors.js';
import { tableTrouble } from './database-errors.js';
import type { OutboxDialect, OutboxRow } from './outbox-database.js';
import { commentOf, formIn, type TableKind } from './sql/table-kind.js';

/** A table of ours in the database of an app. */
export interface KnownTable {
  readonly kind: TableKind;
  /** with its schema, if it has one */
  readonly name: string;
  readonly dialect: OutboxDialect;
}

/**
 * Refuses a table that is not there, or of another form.
 *
 * @param row what the query for its comment found
 * @throws NestworkError OUTBOX_TABLE_MISSING, OUTBOX_TABLE_OLD, INBOX_TABLE_MISSING, INBOX_TABLE_OLD
 */
export function assertForm(table: KnownTable, row: OutboxRow | undefined): void {
  if (!row || Number(row.found) === 0) throw missing(table);
  const form = formIn(table.kind, row.comment);
  if (form !== table.kind.form) throw ofOtherForm(table, form);
}

/** The error of a statement of ours, in our words where the table is the reason: libraries wrap those of their drivers. */
export function explained(error: unknown, table: KnownTable): unknown {
  const trouble = tableTrouble(error);
  if (trouble === 'missing') return missing(table, error);
  return trouble === 'old' ? ofOtherForm(table, undefined, error) : error;
}

function missing({ kind, name, dialect }: KnownTable, cause?: unknown): NestworkError {
  return new NestworkError(
    kind.missing,
    `The database has no table ${name}, ${kind.purpose}.`,
    [
      `Put what \`npx nestwork ${kind.name} sql --${dialect}\` prints into a migration.`,
      `A table of another name or schema is named by the option: ${kind.name}: { table: "app.nestwork_${kind.name}" }.`,
    ],
    cause === undefined ? undefined : { cause },
  );
}

function ofOtherForm({ kind, name, dialect }: KnownTable, form: number | undefined, cause?: unknown): NestworkError {
  const its = form === undefined ? 'does not say which form it has' : `has the form ${form}`;
  const remedy =
    form !== undefined && form > kind.form
      ? 'Update nestwork in this app: another one has migrated the table.'
      : `Compare it with what \`npx nestwork ${kind.name} sql --${dialect}\` prints, and migrate it; its comment must be '${commentOf(kind)}'.`;
  return new NestworkError(
    kind.old,
    `The table ${name} ${its}; the ${kind.name} needs the form ${kind.form}.`,
    [remedy],
    cause === undefined ? undefined : { cause },
  );
}
