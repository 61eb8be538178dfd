import type { CronRecord, CronRun } from '../broker/port/broker.js';
import type { CronOverlap, CronSchedule, MissedRuns } from '../cron/cron-definition.js';
import type { CronOutcome } from '../cron/cron-history.js';
import { NestworkError } from '../errors.js';
import { openedError } from '../message/opened-error.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { dateOf, nearestDate } from '../values/dates.js';
import { latenessOf } from './cron-history.js';
import { faultIn, leftOf, readSchedule } from './cron-times.js';

/**
 * How the latest run of a cron ended.
 *
 * @example
 * const { lastRun } = await crons.get('DigestTasks.digest');
 * if (lastRun?.outcome === 'dead') logger.error(`${lastRun.startedAt.toISOString()}: ${lastRun.error}`);
 */
export interface CronRunInfo {
  /** id of the task */
  readonly id: string;
  /** the time of the schedule, as `cronTime` of the run; undefined of runs of older workers */
  readonly due?: Date;
  /** which attempt it was, from 1 */
  readonly attempt: number;
  /** by the clock of the worker */
  readonly startedAt: Date;
  /** how long it ran, in ms */
  readonly durationMs: number;
  /** of a first attempt: how long after its time it started, without the `jitter` of the cron, in ms */
  readonly lateMs?: number;
  /** of a first attempt: for how long it waited in its queue, in ms */
  readonly waitedMs?: number;
  /** how it ended */
  readonly outcome: CronOutcome;
  /** its error, unless it is done; `[sealed]` where this process cannot open it */
  readonly error?: string;
  /** whether its error is sealed in Redis; left out where it is not */
  readonly sealed?: true;
  /** name of the machine, or of the container */
  readonly host: string;
  /** the child that ran it */
  readonly pid: number;
}

/**
 * A cron and its state.
 *
 * @example
 * for (const { name, nextRun, paused } of await crons.list()) logger.log(`${name}: ${paused ? 'paused' : nextRun}`);
 */
export interface CronInfo {
  /** `Class.method` of its task, unless it was given another */
  readonly name: string;
  /** the task that it runs */
  readonly task: string;
  /** the queue that its runs go to */
  readonly queue: string;
  /** of a cron with an expression */
  readonly expression?: string;
  /** the time zone in which the expression is read */
  readonly timeZone?: string;
  /** minutes */
  readonly utcOffset?: number;
  /** of an interval */
  readonly everyMs?: number;
  /** of an interval: how long after each multiple of it */
  readonly offsetMs?: number;
  /** of an interval that is counted from the end of its last run */
  readonly from?: 'end';
  /** of a cron that is due once */
  readonly at?: Date;
  /** of a cron that the clock never fires: it runs once at each release */
  readonly only?: 'release';
  /** of a cron that heeds releases: whether each has a run of its own */
  readonly immediately?: boolean;
  /** of a cron that heeds releases: how long after the beginning of one no time comes due, in ms */
  readonly initialDelayMs?: number;
  /** days that are left out, by the clock of the expression */
  readonly except?: readonly string[];
  /** not before */
  readonly startDate?: Date;
  /** not after */
  readonly endDate?: Date;
  /** how long after its time each run is due, by its `jitter` */
  readonly jitterMs?: number;
  /** how many runs are fired by its times in all */
  readonly limit?: number;
  /** of a cron with a limit: how many of them were */
  readonly fires?: number;
  /** how missed times are handled: those at which no worker could fire it */
  readonly missed: MissedRuns;
  /** how a run is handled that comes due while an earlier one waits or runs */
  readonly overlap: CronOverlap;
  /** switched off by every worker that declares it */
  readonly disabled: boolean;
  /** whether `pause()` holds it, until `resume()` */
  readonly paused: boolean;
  /** whether it was set at run time, and stands in no code */
  readonly set: boolean;
  /** of one that was set: when, by the clock of the program that did */
  readonly setAt?: Date;
  /** of one that was set: the name that was given */
  readonly setBy?: string;
  /**
   * whether a worker declares it now, or, of one that was set at run time, has its task and serves its queue; if not, it is not fired. Of one that
   * was set this is known within 3 minutes
   */
  readonly declared: boolean;
  /** for which instant it was fired last */
  readonly lastFire: Date | undefined;
  /** undefined when it will not be fired in its present state, while the run goes on from whose end it is counted, and where it is `unreadable` */
  readonly nextRun: Date | undefined;
  /**
   * Why this process cannot compute when it is due: its Node does not know the time zone, or a newer worker has declared an
   * expression that this version does not know. Its workers fire it all the same.
   */
  readonly unreadable?: string;
  /** runs left out by `overlap: 'skip'` since the cron was first seen */
  readonly skipped: number;
  /** times for which no run was fired, since the cron was first seen; of many at once the first 1,000 are counted */
  readonly missedTimes: number;
  /** how its latest run ended; undefined when none has, or its process died */
  readonly lastRun: CronRunInfo | undefined;
}

/**
 * @param now in ms since 1970
 * @param payloads opens the error of its last run
 */
export function describeCron(record: CronRecord, now: number, payloads: PayloadCodec = PLAIN_PAYLOADS): CronInfo {
  const {
    name,
    task = name,
    queue,
    schedule,
    missed,
    overlap,
    disabled,
    paused,
    declared,
    skipped,
    missedTimes,
    limit,
    fires = 0,
    endedAt,
    atRelease,
    immediate,
    firedAt,
    lastRun,
  } = record;
  const instants = readSchedule(name, schedule, endedAt);
  const fault = instants instanceof NestworkError ? faultIn(instants) : undefined;
  const isFired = declared && !paused && !disabled && leftOf({ limit, fires }, 1) > 0;
  return {
    name,
    task,
    queue,
    ...timesOf(schedule),
    ...(limit !== undefined && { limit, fires }),
    ...(atRelease && { immediately: atRelease.runs, initialDelayMs: atRelease.delayMs }),
    missed,
    overlap,
    disabled,
    paused,
    ...settingOf(record.setting),
    declared,
    lastFire: dateOf(firedAt),
    nextRun:
      isFired && !(instants instanceof NestworkError) ? dateOf(earlier(immediate, instants.next(now))) : undefined,
    ...(fault !== undefined && { unreadable: fault }),
    skipped,
    missedTimes,
    lastRun: lastRun && infoOf(openedError(lastRun, payloads), schedule.jitterMs),
  };
}

/** The run of a release may wait for a worker. */
function earlier(immediate: number | undefined, next: number | undefined): number | undefined {
  return immediate === undefined || (next !== undefined && next < immediate) ? next : immediate;
}

function settingOf(setting: CronRecord['setting']): Pick<CronInfo, 'set' | 'setAt' | 'setBy'> {
  if (!setting) return { set: false };
  const { at, by } = setting;
  return { set: true, setAt: nearestDate(at), ...(by !== undefined && { setBy: by }) };
}

function timesOf({ startAt, endAt, ...times }: CronSchedule): Partial<CronInfo> {
  return {
    ...('at' in times ? { ...times, at: nearestDate(times.at) } : times),
    ...(startAt !== undefined && { startDate: nearestDate(startAt) }),
    ...(endAt !== undefined && { endDate: nearestDate(endAt) }),
  };
}

function infoOf({ due, ...run }: CronRun, jitterMs = 0): CronRunInfo {
  const { attempt, startedAt } = run;
  return {
    ...run,
    ...(due !== undefined && { due: nearestDate(due) }),
    ...(due !== undefined && attempt === 1 && { lateMs: latenessOf({ due, startedAt }, jitterMs) }),
    startedAt: nearestDate(startedAt),
  };
}
