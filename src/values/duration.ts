import { NestworkError } from '../errors.js';
import { shown } from './shown.js';

const UNITS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

type Unit = keyof typeof UNITS;

/**
 * A length of time: milliseconds as a number, or a number with a unit, at most one space between them.
 *
 * Units are `ms`, `s` (seconds), `m` (minutes), `h` (hours), `d` (24 hours) and `w` (7 days).
 *
 * @example
 * const durations: Duration[] = [1500, '500ms', '30s', '1.5h', '10 m', '2w'];
 */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`;

const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d|w)$/;
/** 10 years. */
export const MAX_DURATION_MS = 10 * 365 * UNITS.d;

/**
 * A duration in whole milliseconds (halves round up), from 0 to 10 years of 365 days.
 *
 * Longer than a timer of Node.js can wait (2^31 - 1 ms, 24.8 days): code that sets timers has to respect that itself.
 *
 * @param duration what the user gave; anything may arrive here from untyped code
 * @param what the name of the option, for the error: `'shutdownGrace'`
 * @throws NestworkError `INVALID_DURATION`, naming `what`, the value and the accepted forms
 *
 * @example
 * toMilliseconds('1.5h', 'softTimeout'); // 5_400_000
 * toMilliseconds(250, 'backoff'); // 250
 * toMilliseconds('30 bananas' as Duration, 'delay'); // throws
 */
export function toMilliseconds(duration: Duration, what: string): number {
  const milliseconds = typeof duration === 'string' ? parse(duration) : duration;
  if (!isDuration(milliseconds)) {
    throw new NestworkError('INVALID_DURATION', `${what} is ${shown(duration)}, which is not a valid duration.`, [
      `Give milliseconds as a number, or a number with a unit (ms, s, m, h, d, w): 1500, '500ms', '30s', '1.5h', '10 m'.`,
      'A duration is neither negative nor longer than 10 years (3650d).',
    ]);
  }
  // Math.round(-0) is -0.
  return Math.round(milliseconds) + 0;
}

/** Whether it is a number of milliseconds that a duration may have. */
export function isDuration(milliseconds: unknown): milliseconds is number {
  // NaN is neither
  return typeof milliseconds === 'number' && milliseconds >= 0 && milliseconds <= MAX_DURATION_MS;
}

function parse(text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  return Number(amount) * UNITS[unit as Unit];
}
