import type { CronRecord, CronRun } from '../broker/broker.js';
import type { CronOverlap, MissedRuns } from '../task/cron-definition.js';
import { instantsOf } from '../task/cron-schedule.js';

/** How the latest run of a cron ended. */
export interface CronRunInfo {
  /** id of the task */
  readonly id: string;
  readonly attempt: number;
  /** by the clock of the worker */
  readonly startedAt: Date;
  readonly durationMs: number;
  /** `failed` will be tried again, `dead` will not, `dropped` asked for that */
  readonly outcome: 'done' | 'dropped' | 'failed' | 'dead';
  readonly error?: string;
  readonly host: string;
  readonly pid: number;
}

/** A cron as it stands. */
export interface CronInfo {
  readonly name: string;
  readonly queue: string;
  /** of a cron with an expression */
  readonly expression?: string;
  readonly timeZone?: string;
  /** minutes */
  readonly utcOffset?: number;
  /** of an interval */
  readonly everyMs?: number;
  /** of a cron that is due once */
  readonly at?: Date;
  readonly missed: MissedRuns;
  readonly overlap: CronOverlap;
  /** switched off where it is declared */
  readonly disabled: boolean;
  readonly paused: boolean;
  /** whether a worker declares it now; otherwise nobody fires it */
  readonly declared: boolean;
  /** for which instant it was fired last */
  readonly lastFire: Date | undefined;
  /** undefined when it will not be fired as things stand */
  readonly nextRun: Date | undefined;
  /** runs left out by `overlap: 'skip'` since the cron was first seen */
  readonly skipped: number;
  readonly lastRun: CronRunInfo | undefined;
}

export function describeCron(record: CronRecord): CronInfo {
  const { name, queue, schedule, missed, overlap, disabled, paused, declared, skipped, firedAt, lastRun } = record;
  return {
    name,
    queue,
    ...('at' in schedule ? { at: new Date(schedule.at) } : schedule),
    missed,
    overlap,
    disabled,
    paused,
    declared,
    lastFire: dateOf(firedAt),
    nextRun: declared && !paused && !disabled ? nextRun(record) : undefined,
    skipped,
    lastRun: lastRun && infoOf(lastRun),
  };
}

function infoOf(run: CronRun): CronRunInfo {
  return { ...run, startedAt: new Date(run.startedAt) };
}

/** A newer worker may know expressions that this app does not. */
function nextRun({ schedule, name }: CronRecord): Date | undefined {
  try {
    return dateOf(instantsOf(schedule, `cron "${name}"`).next(Date.now()));
  } catch {
    return undefined;
  }
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
