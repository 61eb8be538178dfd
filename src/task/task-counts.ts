/**
 * The counts of tasks, see `docs/monitoring.md`.
 *
 * @example
 * const failures = ({ failed, timedOut, crashed }: TaskCounters) => failed + timedOut + crashed;
 */
export interface TaskCounters {
  /** attempts whose handler was called */
  readonly started: number;
  /** attempts that returned */
  readonly done: number;
  /** attempts that threw an error */
  readonly failed: number;
  /** attempts that failed or ran out of time, after which the task runs again */
  readonly retried: number;
  /** tasks that will not run again, also those that were never started, for example because they expired */
  readonly dead: number;
  /** attempts that ran longer than their hard timeout */
  readonly timedOut: number;
  /** attempts whose process died, where no other task was to blame */
  readonly crashed: number;
  /** tasks that were cancelled while they waited or ran */
  readonly cancelled: number;
  /** attempts that threw `DropTask`, or an error of `dropOn` */
  readonly dropped: number;
}

/** Attempts that ended without success, however. */
export function failuresOf({
  failed,
  timedOut,
  crashed,
}: Pick<TaskCounters, 'failed' | 'timedOut' | 'crashed'>): number {
  return failed + timedOut + crashed;
}

/** Name of a counter. */
export type TaskCounter = keyof TaskCounters;

export const TASK_COUNTERS: readonly TaskCounter[] = [
  'started',
  'done',
  'failed',
  'retried',
  'dead',
  'timedOut',
  'crashed',
  'cancelled',
  'dropped',
];

/** Upper bounds of the buckets of histograms, in seconds; one more bucket has all that took longer. */
export const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600] as const;

/** The series of tasks that are in no catalog, and of those for which there is no room. */
export const OTHER = 'other';

/** How long something took, in buckets. */
export interface Histogram {
  /** for each of BUCKETS, and for longer ones: how many took no longer, and longer than the bucket before */
  readonly buckets: number[];
  /** in microseconds */
  sumUs: number;
}

/** Counts of one series, to be counted up. */
export interface TaskCounts extends Record<TaskCounter, number> {
  /** of attempts whose end the child saw */
  readonly duration: Histogram;
  /** from when a task was due to the start of its attempt */
  readonly waiting: Histogram;
}

const BOUNDS_US = BUCKETS.map((seconds) => seconds * 1e6);
/** In Redis a bucket has its upper bound in ms, so that others can be added. */
const BUCKET_NAMES = [...BUCKETS.map((seconds) => String(seconds * 1_000)), 'more'];

const NO_BUCKETS: readonly number[] = BUCKET_NAMES.map(() => 0);
type Place = { readonly counter: TaskCounter } | { readonly kind: 'duration' | 'waiting'; readonly at: number };
/** Where a number belongs, by its name in Redis: a counter, a bucket of a histogram, or behind the buckets its sum. */
const PLACES = new Map<string, Place>([
  ...TASK_COUNTERS.map((counter) => [counter, { counter }] as const),
  ...(['duration', 'waiting'] as const).flatMap((kind) =>
    [...BUCKET_NAMES, 'sum'].map((name, at) => [`${kind[0]}${name}`, { kind, at }] as const),
  ),
]);
const NUMBERS = /(\w+) (\d+)/g;

/** Nothing counted yet. */
export function noCounts(): TaskCounts {
  return {
    started: 0,
    done: 0,
    failed: 0,
    retried: 0,
    dead: 0,
    timedOut: 0,
    crashed: 0,
    cancelled: 0,
    dropped: 0,
    duration: noTimes(),
    waiting: noTimes(),
  };
}

function noTimes(): Histogram {
  return { buckets: NO_BUCKETS.slice(), sumUs: 0 };
}

/** Counts one time. One below 0, by clocks that differ, is 0. */
export function observe(histogram: Histogram, ms: number): void {
  const us = ms > 0 ? ms * 1_000 : 0;
  let at = 0;
  // by index: this runs twice for each task
  while (at < BOUNDS_US.length && us > (BOUNDS_US[at] as number)) at += 1;
  histogram.buckets[at] = (histogram.buckets[at] ?? 0) + 1;
  histogram.sumUs += us;
}

/** How many times were counted. */
export function countOf({ buckets }: Histogram): number {
  return buckets.reduce((sum, count) => sum + count, 0);
}

/** Adds counts to others. */
export function addCounts(to: TaskCounts, from: TaskCounts): void {
  for (const counter of TASK_COUNTERS) to[counter] += from[counter];
  addTimes(to.duration, from.duration);
  addTimes(to.waiting, from.waiting);
}

function addTimes(to: Histogram, from: Histogram): void {
  if (from.sumUs === 0 && countOf(from) === 0) return;
  for (const [at, count] of from.buckets.entries()) to.buckets[at] = (to.buckets[at] ?? 0) + count;
  to.sumUs += from.sumUs;
}

/** As Redis has them: names and whole numbers, without those that are 0. */
export function encodeCounts(counts: TaskCounts): string {
  return Object.entries({
    ...Object.fromEntries(TASK_COUNTERS.map((counter) => [counter, counts[counter]])),
    ...encodeTimes('d', counts.duration),
    ...encodeTimes('w', counts.waiting),
  })
    .flatMap(([name, number]) => (number >= 0.5 ? [`${name} ${number.toFixed(0)}`] : []))
    .join(' ');
}

function encodeTimes(letter: string, { buckets, sumUs }: Histogram): Record<string, number> {
  const counts = BUCKET_NAMES.map((name, at) => [letter + name, buckets[at] ?? 0]);
  return Object.fromEntries([...counts, [`${letter}sum`, sumUs]]);
}

/** Reads counts as scripts write them; passes over names of other versions. */
export function decodeCounts(text: string): TaskCounts {
  const counts = noCounts();
  for (const [, name = '', digits] of text.matchAll(NUMBERS)) {
    const place = PLACES.get(name);
    if (!place) continue;
    if ('counter' in place) counts[place.counter] = Number(digits);
    else if (place.at < BUCKET_NAMES.length) counts[place.kind].buckets[place.at] = Number(digits);
    else counts[place.kind].sumUs = Number(digits);
  }
  return counts;
}

/** Names and whole numbers as scripts write them. Anything else is passed over. */
export function decodeNumbers(text: string): Map<string, number> {
  return new Map([...text.matchAll(NUMBERS)].map(([, name = '', number]) => [name, Number(number)]));
}
