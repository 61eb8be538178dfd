import { types } from 'node:util';
import type { Due } from '../../broker/port/broker.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { invalid } from '../../values/option-values.js';

/** The latest time that a Date can have with nine digits in base 36, see task-message.ts. */
const LATEST_MS = 36 ** 9 - 1;

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function dueOf(when: Date | Duration): Due {
  if (!types.isDate(when)) return { in: toMilliseconds(when, 'The time of moveTo()') };
  const at = when.getTime();
  // NaN is neither
  if (at >= 0 && at <= LATEST_MS) return { at };
  throw invalid('when', 'is not a time at which it could run', 'Give a valid Date.');
}
