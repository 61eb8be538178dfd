import type { FirstTime } from '../broker/port/run-time-cron-port.js';
import type { CronDeclaration, CronDefinition, CronTimes } from '../cron/cron-definition.js';
import { instantsOf } from '../cron/cron-schedule.js';
import { scheduleFor } from '../cron/named-schedule.js';
import { repeatedCall } from '../cron/repeated-call.js';
import { type CronOptions, type IntervalOptions, resolveCronOptions, TIMING } from '../decorators/cron-options.js';
import { intervalTimes, timesOf } from '../decorators/cron-times.js';
import { NestworkError } from '../errors.js';
import type { Duration } from '../values/duration.js';
import { assertKnownOptions, assertOptionsObject } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { assertCronName } from '../values/task-name.js';
import type { ActorOptions } from './actor.js';

/**
 * A task as a cron takes it: a sender, as `queue.of(Class).method` or `queue.task('name')` gives it, with or without `with()`.
 *
 * @example
 * const report: CronTask<[userId: number, options: { weekly: boolean }]> = queue.of(ReportTasks).send.with({ queue: 'bulk', retries: 5 });
 */
export interface CronTask<Args extends unknown[] = never[]> {
  /** the name of the task */
  readonly name: string;
  /** only its types count here: the arguments of the task */
  readonly run: (...args: Args) => Promise<unknown>;
}

/**
 * The options of `@Cron` and `@Interval` that go with a cron which is set at run time.
 *
 * @example
 * const timing: CronTiming = { every: '30m', offset: '5m', overlap: 'skip' };
 */
export interface CronTiming
  extends Pick<
      CronOptions,
      'timeZone' | 'utcOffset' | 'except' | 'missed' | 'threshold' | 'overlap' | 'waitForCompletion' | 'jitter'
    >,
    Pick<IntervalOptions, 'offset' | 'startDate' | 'endDate' | 'limit'> {
  /** An expression, or a Date for a single run: as in `@Cron()`. Give this, or `every`. */
  cron?: string | Date;
  /** The distance of its runs, at least 100 ms: as in `@Interval()`. */
  every?: Duration;
}

/**
 * A cron that is set at run time: when it is due, and which call of which task it sends.
 *
 * @example
 * const nightly: CronSetOptions<[userId: number, options: { weekly: boolean }]> = {
 *   cron: '0 3 * * *',
 *   timeZone: 'Europe/Paris',
 *   task: queue.of(ReportTasks).send,
 *   args: [7, { weekly: true }],
 * };
 */
export type CronSetOptions<Args extends unknown[] = unknown[]> = CronTiming &
  ActorOptions & {
    /** the task that it sends; options of `with()` travel with each run */
    task: CronTask<Args>;
  } & GivenArguments<Args>;

/** Those of a task that needs none can be left out. */
type GivenArguments<Args extends unknown[]> = [] extends Args ? { args?: Args } : { args: Args };

/** Options of crons of code: a run-time cron is of no release. */
const OF_CODE_ALONE = ['disabled', 'immediately', 'initialDelay'];
const OPTIONS = [
  ...['cron', 'every', 'task', 'args', 'by', 'timeZone', 'utcOffset', 'except', 'offset'],
  ...TIMING.filter((option) => !OF_CODE_ALONE.includes(option)),
];
/** The clock of a caller may be so far ahead of that of Redis; if it is further ahead, a worker looks at the cron at once. */
const MOST_SKEW_MS = 300_000;
const OF_CODE = /^[A-Z][A-Za-z0-9_$]*\.[A-Za-z0-9_$]+$/;

/** A cron that is to be set, and its first time from 5 minutes ago on. */
interface GivenCron {
  readonly cron: CronDeclaration;
  readonly first: FirstTime | undefined;
}

/**
 * Checks what a cron is to be.
 *
 * @param now in ms since 1970
 * @throws NestworkError INVALID_NAME, CRON_NAME_TAKEN, INVALID_OPTION, INVALID_DURATION, INVALID_CRON, NOT_A_TASK, and the errors of `delay()` about
 * arguments
 */
export async function cronOf(name: unknown, options: CronSetOptions<never[]>, now: number): Promise<GivenCron> {
  assertCronName(name, 'crons.set()');
  if (OF_CODE.test(name)) throw looksLikeCode(name);
  const where = `crons.set("${name}")`;
  assertOptionsObject(options, where);
  assertKnownOptions(options, OPTIONS, where, (option) => OTHERS.get(option));
  const { task, args = [] } = options as CronSetOptions;
  const definition = whenOf(name, options, where);
  const instants = instantsOf(definition.schedule, where);
  if (instants.next(now) === undefined) {
    throw new NestworkError('INVALID_CRON', `${where} never comes due: its last time has passed.`, [
      'Give a later `endDate` or Date.',
    ]);
  }
  if (!Array.isArray(args)) {
    throw new NestworkError(
      'INVALID_OPTION',
      `${where} has ${shown(args)} as \`args\`.`,
      "Give a list: { args: ['eu'] }.",
    );
  }
  const prepared = repeatedCall(task, args);
  if (prepared === undefined) throw noTask(task, where);
  const { payload, start, call, result, ...target } = await prepared;
  const cron = {
    ...{ name, ...target, ...definition },
    ...(payload !== '[]' && { payload }),
    ...(start && { start }),
    ...(call && { call }),
    ...(result !== undefined && { result }),
  };
  const after = now - MOST_SKEW_MS;
  const at = instants.next(after);
  return { cron, first: at === undefined ? undefined : { at, after } };
}

/** Options of others, and what is written here instead. */
const OTHERS = new Map([
  ['disabled', 'Pause it: crons.pause(name).'],
  ['from', "Give the interval in code: @Interval('30s', { from: 'end' })."],
  ['immediately', 'Run it when it is set: crons.runNow(name).'],
  ['initialDelay', 'Give `startDate`.'],
  ['cronTime', 'Write `cron`.'],
  ['pattern', 'Write `cron`.'],
  ['tz', 'Write `timeZone`.'],
  ['data', 'Write `args`.'],
  ['queue', 'Give it to the task: task: queue.of(ReportTasks).send.with({ queue }).'],
  ['retries', 'Give it to the task: task: queue.of(ReportTasks).send.with({ retries }).'],
]);

function whenOf(name: string, options: CronTiming, where: string): CronDefinition {
  const { cron: given, every, offset, timeZone, utcOffset, except, ...others } = options;
  const timing = Object.fromEntries(Object.entries(others).filter(([option]) => TIMING.includes(option)));
  const times = ((): CronTimes => {
    if ((given === undefined) === (every === undefined)) {
      throw new NestworkError(
        'INVALID_OPTION',
        `${where} has ${given === undefined ? 'neither `cron` nor' : 'both `cron` and'} \`every\`.`,
        ["Give one of them: { cron: '0 8 * * *' } or { every: '30s' }."],
      );
    }
    const ofExpressions = { timeZone, utcOffset, except };
    if (every === undefined) {
      assertUnset({ offset }, 'every', where);
      return timesOf(given, ofExpressions, where);
    }
    assertUnset(ofExpressions, 'cron', where);
    return intervalTimes(every, offset, where);
  })();
  const { atRelease: _, ...cron } = resolveCronOptions(times, timing, where).cron;
  return { ...cron, schedule: scheduleFor(name, cron.schedule) };
}

function assertUnset(options: object, option: string, where: string): void {
  const given = Object.entries(options).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new NestworkError('INVALID_OPTION', `${where} has \`${given[0]}\`, which goes with \`${option}\`.`, [
    `Leave it out, or give \`${option}\`.`,
  ]);
}

function looksLikeCode(name: string): NestworkError {
  return new NestworkError(
    'CRON_NAME_TAKEN',
    `crons.set() got the name "${name}", which looks like that of a cron in code.`,
    ['Give a name that begins with a small letter, or has no dot: "tenant-7.report".'],
  );
}

function noTask(task: unknown, where: string): NestworkError {
  return new NestworkError('NOT_A_TASK', `${where} got ${shown(task)} as \`task\`.`, [
    'Give a sender: queue.of(ReportTasks).send, or queue.task("ReportTasks.send").',
  ]);
}
