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

/** Nothing counted yet. */
export function noCounts(): TaskCounts {
  const counters = { started: 0, done: 0, failed: 0, retried: 0, dead: 0 };
  const ends = { timedOut: 0, crashed: 0, cancelled: 0, dropped: 0 };
  return { ...counters, ...ends, duration: noTimes(), waiting: noTimes() };
}

function noTimes(): Histogram {
  return { buckets: BUCKET_NAMES.map(() => 0), sumUs: 0 };
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
  for (const kind of ['duration', 'waiting'] as const) {
    for (const [at, count] of from[kind].buckets.entries()) to[kind].buckets[at] = (to[kind].buckets[at] ?? 0) + count;
    to[kind].sumUs += from[kind].sumUs;
  }
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
  const numbers = decodeNumbers(text);
  const counts = noCounts();
  for (const counter of TASK_COUNTERS) counts[counter] = numbers.get(counter) ?? 0;
  decodeTimes(numbers, 'd', counts.duration);
  decodeTimes(numbers, 'w', counts.waiting);
  return counts;
}

function decodeTimes(numbers: ReadonlyMap<string, number>, letter: string, times: Histogram): void {
  for (const [at, name] of BUCKET_NAMES.entries()) times.buckets[at] = numbers.get(letter + name) ?? 0;
  times.sumUs = numbers.get(`${letter}sum`) ?? 0;
}

/** Names and whole numbers as scripts write them. Anything else is passed over. */
export function decodeNumbers(text: string): Map<string, number> {
  return new Map([...text.matchAll(/(\w+) (\d+)/g)].map(([, name = '', number]) => [name, Number(number)]));
}
