import type { CronDefinition, CronOverlap, CronSchedule, MissedRuns } from '../cron/cron-definition.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { read } from '../values/thrown.js';
import { misused } from './method-place.js';
import { TASK_OPTIONS, type TaskOptions } from './task.decorator.js';

/**
 * Options of `@Interval`: those of `@Task`, and what a cron needs.
 *
 * @example
 * const options: IntervalOptions = { missed: 'skip', overlap: 'skip', queue: 'bulk' };
 */
export interface IntervalOptions extends TaskOptions {
  /**
   * How to make up for runs that came due while no worker could fire them: none, the latest, or each of them (at most
   * the latest 1,000) is run as soon as one can. Runs that fell into a pause are not made up.
   * @default 'latest'; 'skip' when `threshold` is given
   */
  missed?: MissedRuns;
  /**
   * With `missed: 'skip'`: how late a run may come to be fired and still be run.
   * @default '10s'
   */
  threshold?: Duration;
  /**
   * How to treat a run that comes due while an earlier one waits or is under way, anywhere in the cluster.
   * @default 'allow'
   */
  overlap?: CronOverlap;
  /**
   * The name of `overlap: 'skip'` in `@nestjs/schedule`.
   * @default false
   */
  waitForCompletion?: boolean;
  /**
   * Declare it, but never fire it; `CronManager.runNow` still runs it.
   * @default false
   */
  disabled?: boolean;
}

/**
 * Options of `@Cron`. The first two exclude each other.
 *
 * @example
 * const options: CronOptions = { timeZone: 'Europe/Paris', missed: 'all', retries: 3 };
 */
export interface CronOptions extends IntervalOptions {
  /**
   * Zone by whose clock the expression is read: a name of the IANA database, like `'Europe/Paris'`.
   * @default the zone of the worker process, which should then be the same on every machine
   */
  timeZone?: string;
  /** Distance to UTC in minutes instead of a zone. It knows no summer time. */
  utcOffset?: number;
}

const TIMING = ['missed', 'threshold', 'overlap', 'waitForCompletion', 'disabled'];
export const CLOCK_OPTIONS = ['timeZone', 'utcOffset'];
const DEFAULT_THRESHOLD = '10s';
const WAITS: readonly unknown[] = [undefined, 'wait'];

/** Options of `@nestjs/schedule` that cannot mean anything where no process of the app keeps a timer. */
const MEANINGLESS = new Map([
  ['initialDelay', 'Remove it: no task starts before the app has run all its bootstrap hooks; wait for more in one.'],
  ['unrefTimeout', 'Remove it: the timer lives in the supervisor, which ends with its worker.'],
]);

/** Options of the schedulers of BullMQ, and what is written here instead. */
const OF_BULLMQ = new Map([
  ['tz', 'Write `timeZone`.'],
  ['pattern', 'Give the expression itself: @Cron(pattern, options).'],
  ['every', 'Write @Interval(every), whose first run is at the next multiple of it since 1970.'],
  ['immediately', 'Remove it, and run the cron when it is wanted: CronManager.runNow(name).'],
  ['startDate', 'Remove it, and return from the method while it is too early.'],
  ['endDate', 'Remove it, and return from the method when it is too late.'],
  ['limit', 'Remove it, and count in the method; CronManager.pause(name) stops a cron.'],
]);

/**
 * Checks the options of a cron and fills in the defaults.
 *
 * @returns what makes it a cron, and what is left for `@Task`
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION naming the decorator and the method
 */
export function resolveCronOptions(
  schedule: CronSchedule,
  options: IntervalOptions,
  where: string,
): { cron: CronDefinition; task: TaskOptions } {
  const { missed, threshold, overlap, waitForCompletion, disabled, ...task } = options;
  assertLimitsWait(options, where);
  assertOneOf('missed', missed, ['skip', 'latest', 'all'], where);
  assertOneOf('overlap', overlap, ['allow', 'skip'], where);
  assertOneOf('waitForCompletion', waitForCompletion, [true, false], where);
  assertOneOf('disabled', disabled, [true, false], where);
  if (threshold !== undefined && missed !== undefined && missed !== 'skip') {
    throw misused(where, `has \`threshold\` and \`missed: '${missed}'\`, for which nothing is too late`, [
      "Leave out `threshold`, or give `missed: 'skip'`.",
    ]);
  }
  if (waitForCompletion && overlap === 'allow') {
    throw misused(where, 'has `waitForCompletion: true` and `overlap: "allow"`, which contradict each other', [
      "Give one of them: `waitForCompletion: true` is `overlap: 'skip'`.",
    ]);
  }
  const cron: CronDefinition = {
    schedule,
    missed: missed ?? (threshold === undefined ? 'latest' : 'skip'),
    thresholdMs: toMilliseconds(threshold ?? DEFAULT_THRESHOLD, `\`threshold\` of ${where}`),
    overlap: overlap ?? (waitForCompletion ? 'skip' : 'allow'),
    disabled: disabled ?? false,
  };
  return { cron, task };
}

/** @param clock further options that the decorator takes */
export function assertCronOptions(options: unknown, clock: readonly string[], where: string): void {
  const given = typeof options === 'object' && options !== null ? Object.keys(options) : [];
  const meaningless = given.find((name) => MEANINGLESS.has(name));
  if (meaningless !== undefined) {
    throw misused(where, `has the option \`${meaningless}\` of @nestjs/schedule, which means nothing here`, [
      MEANINGLESS.get(meaningless) ?? '',
    ]);
  }
  assertKnownOptions(options, [...clock, ...TIMING, ...TASK_OPTIONS], where, (option) => OF_BULLMQ.get(option));
}

/** A run that is due has no caller who would be refused. */
function assertLimitsWait({ limits }: IntervalOptions, where: string): void {
  if (!Array.isArray(limits)) return;
  const at = limits.findIndex((limit: unknown) => !WAITS.includes(read(limit, 'onLimit')));
  if (at < 0) return;
  const onLimit = shown(read(limits[at], 'onLimit'));
  throw misused(where, `has ${onLimit} as \`limits[${at}].onLimit\`, and its runs have no caller`, [
    "Leave it out: a run waits until its limits let it start. `overlap: 'skip'` drops runs while one is there.",
  ]);
}

function assertOneOf(option: string, value: unknown, allowed: readonly unknown[], where: string): void {
  if (value === undefined || allowed.includes(value)) return;
  throw misused(where, `has ${shown(value)} as \`${option}\``, [`Give one of: ${allowed.map(shown).join(', ')}.`]);
}
