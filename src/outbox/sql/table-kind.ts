import type { ErrorCode } from '../../errors.js';

/** A table that nestwork has in the database of an app. */
export interface TableKind {
  /** also the word of the command that prints its SQL, and of the option of the module */
  readonly name: 'outbox' | 'inbox';
  /** that this version reads and writes; another number, and a migration with it, comes with a change of columns */
  readonly form: number;
  /** what it is for, as a sentence goes on */
  readonly purpose: string;
  readonly missing: ErrorCode;
  readonly old: ErrorCode;
}

export const OUTBOX_TABLE: TableKind = {
  name: 'outbox',
  // what a row holds has a version of its own, see row.ts
  form: 1,
  purpose: 'from which the outbox sends',
  missing: 'OUTBOX_TABLE_MISSING',
  old: 'OUTBOX_TABLE_OLD',
};

export const INBOX_TABLE: TableKind = {
  name: 'inbox',
  form: 1,
  purpose: 'in which the inbox keeps its marks',
  missing: 'INBOX_TABLE_MISSING',
  old: 'INBOX_TABLE_OLD',
};

/** How the comment of a table says its form. */
export function commentOf({ name, form }: TableKind): string {
  return `nestwork ${name} ${form}`;
}

/** The form that a comment says; undefined where it says none. */
export function formIn({ name }: TableKind, comment: unknown): number | undefined {
  const [, form] = new RegExp(`^nestwork ${name} (\\d+)\\b`).exec(typeof comment === 'string' ? comment : '') ?? [];
  return form === undefined ? undefined : Number(form);
}
