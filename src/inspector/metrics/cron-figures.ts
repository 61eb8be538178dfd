import type { CronBroker, CronRecord } from '../../broker/port/broker.js';
import type { CronOutcome } from '../../cron/cron-history.js';
import { latenessOf } from '../cron-history.js';

/** Each cron is up to seven series. */
const MOST_CRONS = 200;
/** Whether a worker declares a cron is not asked for, and would cost a command for each worker. */
const NO_SESSIONS = { at: 0, live: [], lapsed: [] };

/** A cron at one moment. */
export interface CronFigures {
  readonly name: string;
  readonly isPaused: boolean;
  /** runs that were left out, and times that were missed, since the cron was first seen */
  readonly skipped: number;
  readonly missed: number;
  readonly lastRun: CronRunFigures | undefined;
}

/** How the last attempt of a cron ended. */
export interface CronRunFigures {
  readonly outcome: CronOutcome;
  /** how long ago it ended, in ms */
  readonly ageMs: number;
  readonly durationMs: number;
  /** of a first attempt: how long after its time it started, in ms */
  readonly lateMs: number | undefined;
}

/** @param now by the clock of Redis, in ms since 1970 */
export async function cronFigures(crons: Pick<CronBroker, 'records'>, now: number): Promise<CronFigures[]> {
  const records = await crons.records(NO_SESSIONS);
  return records
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, MOST_CRONS)
    .map((record) => figuresOf(record, now));
}

function figuresOf({ name, paused, skipped, missedTimes, lastRun, schedule }: CronRecord, now: number): CronFigures {
  return {
    name,
    isPaused: paused,
    skipped,
    missed: missedTimes,
    lastRun: lastRun && runFigures(lastRun, schedule.jitterMs, now),
  };
}

function runFigures(run: NonNullable<CronRecord['lastRun']>, jitterMs = 0, now: number): CronRunFigures {
  const { outcome, startedAt, durationMs, attempt, due } = run;
  return {
    outcome,
    ageMs: Math.max(now - startedAt - durationMs, 0),
    durationMs,
    lateMs: due === undefined || attempt > 1 ? undefined : latenessOf({ due, startedAt }, jitterMs),
  };
}
