import { inspect } from 'node:util';

/**
 * A value that does not fit, for an error: short, on one line, text in quotes.
 *
 * @example
 * shown('30 bananas'); // "'30 bananas'"
 */
export function shown(value: unknown): string {
  return inspect(value, { depth: -1, maxStringLength: 40, breakLength: Number.POSITIVE_INFINITY });
}
