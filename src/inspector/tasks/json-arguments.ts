import { usageError } from '../../terminal/usage.js';

/**
 * The arguments of a call, as the command line takes them: a JSON array; none without it.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function argumentsOf(given: string | undefined): readonly unknown[] {
  if (given === undefined) return [];
  let args: unknown;
  try {
    args = JSON.parse(given);
  } catch {
    // the error would quote them, and they may be secret
    throw usageError('The arguments are not valid JSON.', 'Give an array in quotes: \'[7, {"weekly": true}]\'.');
  }
  if (Array.isArray(args)) return args;
  throw usageError('The arguments are JSON, but no array.', "Put them in brackets: '[7]'.");
}
