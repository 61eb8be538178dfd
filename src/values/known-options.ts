import { NestworkError } from '../errors.js';
import { AS_PLAIN_OBJECT, whatIsMissed } from './plain-object.js';
import { printable } from './printable.js';

/**
 * Refuses what is no object of options, and options that nobody would look at: a typo, or one of another version.
 *
 * @param options what the user gave; anything may arrive here from untyped code
 * @param known the names there are
 * @param where who takes them, for the error: `'@Task()'`
 * @param belongs where an option has its place that is none here, if that is known: a remedy
 * @throws NestworkError `INVALID_OPTION`, naming the option and those there are
 *
 * @example
 * assertKnownOptions({ quue: 'bulk' }, ['name', 'queue'], '@Task()'); // throws: "quue" ... Known options: name, queue
 */
export function assertKnownOptions(
  options: unknown,
  known: readonly string[],
  where: string,
  belongs: (option: string) => string | undefined = () => undefined,
): void {
  assertOptionsObject(options, where);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const place = belongs(unknown);
  throw new NestworkError('INVALID_OPTION', `${startOf(where)} has no option "${printable(unknown, 40)}".`, [
    ...(place === undefined ? [] : [place]),
    `Known options: ${known.join(', ')}.`,
  ]);
}

/**
 * Refuses what is no object of options, and what would be taken for an empty one, such as a `Map`.
 *
 * @throws NestworkError `INVALID_OPTION`
 */
export function assertOptionsObject(options: unknown, where: string): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw notOptions(where, '', ['Give an object, or nothing for the defaults.']);
  }
  const missed = whatIsMissed(options);
  if (missed !== undefined) throw notOptions(where, `: it ${missed}`, ['Give a plain object.', ...AS_PLAIN_OBJECT]);
}

function notOptions(where: string, why: string, remedies: readonly string[]): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `${startOf(where)} got something that is not an object of options${why}.`,
    remedies,
  );
}

/** Its first word with a capital letter, unless it is code. */
function startOf(sentence: string): string {
  return sentence.replace(/^[a-z]+ /, (word) => word.charAt(0).toUpperCase() + word.slice(1));
}
