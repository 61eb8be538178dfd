import { types } from 'node:util';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { invalid } from '../values/option-values.js';

/**
 * A date, or a time ago, in ms since 1970.
 *
 * @param now the clock of Redis, asked only for a time ago
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION
 */
export async function pastMoment(time: Date | Duration, option: string, now: () => Promise<number>): Promise<number> {
  // by its kind: a date may come from another realm
  if (!types.isDate(time)) {
    const ago = toMilliseconds(time, option);
    return (await now()) - ago;
  }
  if (!Number.isNaN(time.getTime())) return time.getTime();
  throw invalid(option, 'is an invalid Date', 'Give a valid Date, or a duration such as 1d.');
}
