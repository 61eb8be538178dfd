/** Checks of values that come from outside of this process. */
export type Check = (value: unknown) => boolean;

export const text: Check = (value) => typeof value === 'string';

export const flag: Check = (value) => typeof value === 'boolean';

export function record(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

export function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}
