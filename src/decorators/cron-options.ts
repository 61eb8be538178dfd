import type { CronBounds, CronOverlap, CronTimes, MissedRuns, WrittenCron } from '../cron/cron-definition.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { read } from '../values/thrown.js';
import { misused } from './method-place.js';
import { TASK_OPTIONS, type TaskOptions } from './task.decorator.js';

/**
 * Options that `@Cron` and `@Interval` share: those of `@Task`, and what a cron needs.
 *
 * @example
 * const nightly: ScheduleOptions = { missed: 'skip', overlap: 'skip', queue: 'bulk' };
 */
export interface ScheduleOptions<Args extends readonly unknown[] = readonly unknown[]> extends TaskOptions {
  /**
   * The name of the cron, and of its task. Where a method has `@Task()` or further schedules, too, each schedule but one needs a name, and it is
   * the name of the cron alone. Deployments keep pause and history of a cron by its name.
   * @default the name of the task: `Class.method`
   */
  name?: string;
  /**
   * The arguments of its runs: of such kinds as `delay()` takes, and typed by the method.
   * @default []
   * @example ['eu', { full: true }]
   */
  args?: Args;
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
  /**
   * It is not due before.
   * @default none: from when a worker first declares it
   */
  startDate?: Date;
  /**
   * It is not due after.
   * @default none
   */
  endDate?: Date;
  /**
   * Spreads crons that are due at the same time: each is due later by a time of its own, from 0 up to this. That time hangs on the name of
   * the cron, so it is the same for each run, on every machine. `cronTime` is the time without it.
   * @default 0
   * @example '30s'
   */
  jitter?: Duration;
  /**
   * How many runs are fired by its times in all, from 1. Runs that were skipped, and those of `CronManager.runNow`, do not count. A changed schedule
   * begins anew; a higher limit lets it go on.
   * @default none
   */
  limit?: number;
  /**
   * Whether a run is due right after the first worker of a new `release` of the app has declared it, once in the cluster, beside its times. Its
   * `cronTime` is that moment.
   * @default false
   */
  immediately?: boolean;
  /**
   * How long after that none of its times comes due; `immediately` then means at the end of it.
   * @default 0
   * @example '30s'
   */
  initialDelay?: Duration;
}

/**
 * Options of `@Interval`.
 *
 * @example
 * const options: IntervalOptions = { offset: '5m', overlap: 'skip', queue: 'bulk' };
 */
export interface IntervalOptions<Args extends readonly unknown[] = readonly unknown[]> extends ScheduleOptions<Args> {
  /**
   * How long after each multiple of the interval it is due; less than the interval.
   * @default 0
   * @example '5m'
   */
  offset?: Duration;
  /**
   * `'end'`: it is due so long after the end of its last run, in whatever process that was; the first time so long after a worker first declared it.
   * Two of its runs are never there at once. A run that is tried again has not ended; one that was cancelled, purged or killed for good has.
   * @default none: at each multiple of the interval since 1970
   */
  from?: 'end';
}

/**
 * Options of `@Cron`. `timeZone` and `utcOffset` exclude each other.
 *
 * @example
 * const options: CronOptions = { timeZone: 'Europe/Paris', except: ['12-25', '2026-12-28/2027-01-03'], retries: 3 };
 */
export interface CronOptions<Args extends readonly unknown[] = readonly unknown[]> extends ScheduleOptions<Args> {
  /**
   * Zone by whose clock the expression is read: a name of the IANA database, like `'Europe/Paris'`.
   * @default the zone of the worker process, which should then be the same on every machine
   */
  timeZone?: string;
  /** Distance to UTC in minutes instead of a zone. It knows no summer time. */
  utcOffset?: number;
  /**
   * Days on which it is not due, by its clock: `'2026-12-25'` one day, `'12-25'` that day of each year, and the first and the last of several,
   * `'2026-12-24/2027-01-06'` or `'12-24/01-06'`.
   * @default []
   */
  except?: readonly string[];
}

export const TIMING = [
  'missed',
  'threshold',
  'overlap',
  'waitForCompletion',
  'disabled',
  'startDate',
  'endDate',
  'jitter',
  'limit',
  'immediately',
  'initialDelay',
];
export const CLOCK_OPTIONS = ['timeZone', 'utcOffset', 'except'];
const DEFAULT_THRESHOLD = '10s';
const WAITS: readonly unknown[] = [undefined, 'wait'];

/** Options of `@nestjs/schedule` that cannot mean anything where no process of the app keeps a timer. */
const MEANINGLESS = new Map([
  ['unrefTimeout', 'Remove it: the timer lives in the supervisor, which ends with its worker.'],
]);

/** Options of the schedulers of BullMQ, and what is written here instead. */
const OF_BULLMQ = new Map([
  ['tz', 'Write `timeZone`.'],
  ['utc', "Write `timeZone: 'UTC'`."],
  ['pattern', 'Give the expression itself: @Cron(pattern, options).'],
  ['every', 'Write @Interval(every), whose first run is at the next multiple of it since 1970.'],
]);

/**
 * Checks the options of a cron and fills in the defaults.
 *
 * @returns what makes it a cron, and what is left for `@Task`
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION naming the decorator and the method
 */
export function resolveCronOptions(
  times: CronTimes,
  options: ScheduleOptions,
  where: string,
): { cron: WrittenCron; task: TaskOptions & Pick<ScheduleOptions, 'args'> } {
  const { missed, threshold, overlap, waitForCompletion, disabled, startDate, endDate, jitter, limit, ...rest } =
    options;
  const { immediately, initialDelay, ...task } = rest;
  const schedule = { ...times, ...boundsOf({ startDate, endDate, jitter }, where) };
  if ('at' in times && (startDate ?? endDate) !== undefined) {
    throw misused(where, 'got a Date, and a first or last time', ['Leave out `startDate` and `endDate`.']);
  }
  assertLimitsWait(options, where);
  assertOneOf('missed', missed, ['skip', 'latest', 'all'], where);
  assertOneOf('overlap', overlap, ['allow', 'skip'], where);
  assertOneOf('waitForCompletion', waitForCompletion, [true, false], where);
  assertOneOf('disabled', disabled, [true, false], where);
  assertLimit(limit, where);
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
  assertOneOf('immediately', immediately, [true, false], where);
  const delayMs = initialDelay === undefined ? 0 : toMilliseconds(initialDelay, `\`initialDelay\` of ${where}`);
  const cron: WrittenCron = {
    schedule,
    missed: missed ?? (threshold === undefined ? 'latest' : 'skip'),
    thresholdMs: toMilliseconds(threshold ?? DEFAULT_THRESHOLD, `\`threshold\` of ${where}`),
    overlap: overlap ?? (waitForCompletion ? 'skip' : 'allow'),
    disabled: disabled ?? false,
    ...(limit !== undefined && { limit }),
    ...((immediately || delayMs > 0) && { atRelease: { delayMs, runs: immediately ?? false } }),
  };
  return { cron, task };
}

/** Of all options of a cron those that are not about its times. */
export function taskPart(options: ScheduleOptions): TaskOptions & Pick<ScheduleOptions, 'args'> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name === 'args' || TASK_OPTIONS.includes(name)));
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
  assertKnownOptions(options, [...clock, 'args', ...TIMING, ...TASK_OPTIONS], where, (option) => OF_BULLMQ.get(option));
}

function boundsOf({ startDate, endDate, jitter }: ScheduleOptions, where: string): CronBounds {
  const [startAt, endAt] = [timeOf('startDate', startDate, where), timeOf('endDate', endDate, where)];
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) {
    throw misused(where, 'has an `endDate` before its `startDate`', ['Swap them, or leave one out.']);
  }
  const jitterMs = jitter === undefined ? 0 : toMilliseconds(jitter, `\`jitter\` of ${where}`);
  return {
    ...(startAt !== undefined && { startAt }),
    ...(endAt !== undefined && { endAt }),
    ...(jitterMs > 0 && { jitterMs }),
  };
}

function timeOf(option: string, value: unknown, where: string): number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw misused(where, `has ${shown(value)} as \`${option}\``, ["Give a Date: new Date('2027-01-01T08:00:00Z')."]);
}

/** A run that is due has no caller who would be refused. */
function assertLimitsWait({ limits }: ScheduleOptions, where: string): void {
  if (!Array.isArray(limits)) return;
  const at = limits.findIndex((limit: unknown) => !WAITS.includes(read(limit, 'onLimit')));
  if (at < 0) return;
  const onLimit = shown(read(limits[at], 'onLimit'));
  throw misused(where, `has ${onLimit} as \`limits[${at}].onLimit\`, and its runs have no caller`, [
    "Leave it out: a run waits until its limits let it start. `overlap: 'skip'` drops runs while one is there.",
  ]);
}

function assertLimit(limit: unknown, where: string): void {
  if (limit === undefined || (Number.isSafeInteger(limit) && Number(limit) > 0)) return;
  throw misused(where, `has ${shown(limit)} as \`limit\``, ['Give a whole number of runs, from 1: { limit: 10 }.']);
}

function assertOneOf(option: string, value: unknown, allowed: readonly unknown[], where: string): void {
  if (value === undefined || allowed.includes(value)) return;
  throw misused(where, `has ${shown(value)} as \`${option}\``, [`Give one of: ${allowed.map(shown).join(', ')}.`]);
}
