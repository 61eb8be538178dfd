import { NestworkError } from '../errors.js';
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
 * assertKnownOptions({ quue: 'bulk' }, ['name', 'queue'], '@Task()'); // throws: "quue" ... Known are: name, queue
 */
export function assertKnownOptions(
  options: unknown,
  known: readonly string[],
  where: string,
  belongs: (option: string) => string | undefined = () => undefined,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new NestworkError('INVALID_OPTION', `What ${where} got is not an object of options.`, [
      'Give an object, or nothing for the defaults.',
    ]);
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const place = belongs(unknown);
  throw new NestworkError('INVALID_OPTION', `${where} has no option "${printable(unknown, 40)}".`, [
    ...(place === undefined ? [] : [place]),
    `Known are: ${known.join(', ')}.`,
  ]);
}
