import { Refused } from './refused.js';

/** The query of a `read`, or the body of an action. */
type Input = URLSearchParams | Readonly<Record<string, unknown>>;

/** More is no name and no id. */
const MOST_CHARACTERS = 1_024;

/**
 * A text that must be there.
 *
 * @throws Refused INVALID_INPUT
 */
export function textIn(input: Input, name: string): string {
  const value = optionalTextIn(input, name);
  if (value === undefined) throw invalid(name, 'is missing');
  return value;
}

/**
 * A text that may be missing; an empty one is missing.
 *
 * @throws Refused INVALID_INPUT
 */
export function optionalTextIn(input: Input, name: string): string | undefined {
  const value = valueIn(input, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(name, 'is no text');
  if (value.length > MOST_CHARACTERS) throw invalid(name, `has more than ${MOST_CHARACTERS} characters`);
  return value;
}

/**
 * A whole number that may be missing.
 *
 * @throws Refused INVALID_INPUT
 */
export function optionalWholeIn(
  input: Input,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const value = valueIn(input, name);
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && least <= number && number <= most) return number;
  throw invalid(name, `is no whole number from ${least} to ${most}`);
}

function valueIn(input: Input, name: string): unknown {
  if (input instanceof URLSearchParams) return input.get(name);
  return Object.hasOwn(input, name) ? input[name] : undefined;
}

function invalid(name: string, what: string): Refused {
  return new Refused(400, 'INVALID_INPUT', `"${name}" ${what}, so nothing was done.`);
}
