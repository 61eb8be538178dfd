import { type Duration, MAX_DURATION_MS, toMilliseconds } from '../values/duration.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';

/** The units in which the time of a rate can be written. */
type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w';

/**
 * How many tasks may start in a time: a number, a slash, and a unit (`ms`, `s`, `m`, `h`, `d`, `w`) or a duration. From 1 in
 * 30 days to 1,000,000 in a second.
 *
 * @example
 * const rates: Rate[] = ['20/s', '100/m', '1000/d', '3/10s'];
 */
export type Rate = `${number}/${Unit}` | `${number}/${number}${Unit}`;

const RATE = /^(\d+(?:\.\d+)?)\/(\d.*)?$/;
const ONE_OF_A_UNIT = /^(\d+(?:\.\d+)?)\/([a-z]+)$/;
const MOST_A_SECOND = 1_000_000;
const LONGEST_INTERVAL_MS = 30 * 86_400_000;

/** A rate as numbers. */
export interface Pace {
  /** between two starts at an even pace, in whole microseconds: rounded up, so that the rate is not exceeded */
  readonly intervalUs: number;
  /** starts in a second */
  readonly perSecond: number;
}

/**
 * @param option the name of the option, for the error
 * @throws NestworkError INVALID_OPTION
 *
 * @example
 * paceOf('20/s', 'rate'); // { intervalUs: 50_000, perSecond: 20 }
 */
export function paceOf(rate: Rate, option: string): Pace {
  const [count, periodMs] = parse(rate);
  const perSecond = (count * 1_000) / periodMs;
  const isPossible = perSecond <= MOST_A_SECOND && periodMs / count <= LONGEST_INTERVAL_MS;
  // what cannot be read is NaN, which is not possible
  if (isPossible) return { intervalUs: Math.ceil((periodMs * 1_000) / count), perSecond };
  throw invalid(option, `is ${shown(rate)}`, [
    "Give a number of starts and a time: '20/s', '100/m', '5/h', '1000/d', '3/10s'.",
    'A rate is from 1 in 30 days to 1,000,000 in a second; to stop tasks, pause their queue.',
  ]);
}

/** Lengths of the units in which people read a rate, in us. */
const READ_IN: readonly (readonly [unit: Unit, us: number])[] = [
  ['s', 1e6],
  ['m', 60e6],
  ['h', 3_600e6],
  ['d', 86_400e6],
];

/**
 * The rate of an interval, in the shortest unit that has a whole number of starts.
 *
 * @example
 * rateOf(50_000); // '20/s'
 * rateOf(3_333_334); // '18/m', from '3/10s'
 */
export function rateOf(intervalUs: number): Rate {
  for (const [unit, us] of READ_IN) {
    const count = Math.round(us / intervalUs);
    if (count > 0 && Math.ceil(us / count) === intervalUs) return `${count}/${unit}`;
  }
  return `1/${intervalUs / 1_000}ms`;
}

/** Starts at once after a pause where no `burst` is given: those of 50 ms. */
export function usualBurst({ perSecond }: Pace): number {
  return Math.max(1, Math.ceil(perSecond / 20));
}

function parse(rate: unknown): [count: number, periodMs: number] {
  if (typeof rate !== 'string') return [Number.NaN, Number.NaN];
  const [, of, unit] = ONE_OF_A_UNIT.exec(rate) ?? [];
  const [, count = of, period = `1${unit}`] = RATE.exec(rate) ?? [];
  return [Number(count), periodOf(period)];
}

/** NaN for what is no time. */
function periodOf(text: string): number {
  try {
    const ms = toMilliseconds(text as Duration, 'rate');
    return ms > 0 && ms <= MAX_DURATION_MS ? ms : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
