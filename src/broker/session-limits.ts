import { isLimitDeclaration, type LimitDeclaration } from '../policy/limit-declarations.js';

/** The field of a session's hash that has the limits that its app declares, as JSON. */
export const LIMITS_OF_SESSION = '@limits';

/** Left out is what a version that is newer than this one has written. */
export function limitsOfSession(json: string | null | undefined): LimitDeclaration[] {
  try {
    const all: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(all) ? all.filter(isLimitDeclaration) : [];
  } catch {
    return [];
  }
}
