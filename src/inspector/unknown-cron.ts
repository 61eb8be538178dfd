import type { CronSettingBroker } from '../broker/port/run-time-cron-port.js';
import { NestworkError } from '../errors.js';
import { count } from '../values/counted.js';
import { didYouMean } from '../values/did-you-mean.js';
import { printable } from '../values/printable.js';

/** A message with hundreds of names helps nobody. */
const MOST_NAMES = 20;
/** Parts of the name that begin the names to compare with: there may be a million, so they are not all read. */
const BEGINNINGS = [0, 1 / 2, 3 / 4];

/** @param otherwise the remedy where no cron is known */
export function unknownCron(
  name: string,
  what: string,
  known: readonly string[],
  otherwise: string,
  all = known.length,
): NestworkError {
  const names = known.map((one) => printable(one)).sort();
  const meant = didYouMean(name, known);
  const shown = names.slice(0, MOST_NAMES);
  const more = all - shown.length;
  return new NestworkError('UNKNOWN_CRON', what, [
    ...(meant === undefined ? [] : [`Did you mean ${printable(meant)}?`]),
    shown.length === 0
      ? otherwise
      : `Known crons: ${shown.join(', ')}${more > 0 ? ` and ${count(more)} more: npx nestwork crons ls lists them` : ''}.`,
    'Its name is `Class.method` unless the decorator gives another.',
  ]);
}

/** A name that neither workers declare nor `crons.set()` got, with the names of both kinds that are like it. */
export async function unknownOfBoth(
  name: string,
  declared: readonly string[],
  runTime: Pick<CronSettingBroker, 'page' | 'count'>,
): Promise<NestworkError> {
  const beginnings = [...new Set(BEGINNINGS.map((part) => name.slice(0, Math.floor(name.length * part))))];
  const [set, ...pages] = await Promise.all([
    runTime.count(),
    ...beginnings.map((prefix) => runTime.page({ prefix, count: MOST_NAMES })),
  ]);
  const near = pages.flat().map((record) => record.name);
  return unknownCron(
    name,
    `No worker of this namespace has declared a cron "${printable(name)}", and none of this name is set at run time.`,
    [...new Set([...declared, ...near])],
    'Start a worker, which makes its crons known, or set one: crons.set(name, { cron, task, args }).',
    declared.length + set,
  );
}
