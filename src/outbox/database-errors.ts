/** How the drivers and libraries of both databases say what went wrong. */
const NO_TABLE = new Set<unknown>(['42P01', 'ER_NO_SUCH_TABLE', 1146, '1146']);
const NO_COLUMN = new Set<unknown>(['42703', 'ER_BAD_FIELD_ERROR', 1054, '1054']);
const DEADLOCK = new Set<unknown>(['40P01', '40001', 'ER_LOCK_DEADLOCK', 1213, '1213']);

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
