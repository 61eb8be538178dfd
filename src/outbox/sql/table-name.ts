import { NestworkError } from '../../errors.js';
import { shown } from '../../values/shown.js';

/** What the table is called unless the app says otherwise. */
export const DEFAULT_TABLE = 'nestwork_outbox';

/** The longest that both databases take, less what the names of indexes add. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,49}$/;

/** The name of the table, which may stand in a schema. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

/**
 * Reads `nestwork_outbox` or `app.nestwork_outbox`.
 *
 * @throws NestworkError INVALID_NAME: nothing else may come into a statement
 */
export function tableName(given: unknown): TableName {
  const parts = typeof given === 'string' ? given.split('.') : [];
  if (parts.length === 0 || parts.length > 2 || !parts.every((part) => NAME.test(part))) {
    throw new NestworkError('INVALID_NAME', `${shown(given)} is not a valid name of a table.`, [
      'Use 1 to 50 characters of A-Z, a-z, 0-9 and "_", no digit in front; with a schema: "app.nestwork_outbox".',
    ]);
  }
  const [table = '', schema] = parts.reverse();
  return { schema, table };
}
