import type { CronHappening, CronMissedReason, CronOutcome } from '../cron/cron-history.js';
import { openedError } from '../message/opened-error.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { nearestDate } from '../values/dates.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';

/** So many are kept. */
const MOST = 100;
/** So many are returned by default. */
const USUAL = 20;

/**
 * An attempt at a run of a cron that has ended.
 *
 * @example
 * const text = ({ due, outcome, durationMs }: CronEndedRun) => `${due.toISOString()}: ${outcome} after ${durationMs} ms`;
 */
export interface CronEndedRun {
  /** distinguishes it from the other entries of a history */
  readonly kind: 'run';
  /** the time of the schedule, as `cronTime` of the run */
  readonly due: Date;
  /** id of the task */
  readonly id: string;
  /** which attempt it was, from 1 */
  readonly attempt: number;
  /** by the clock of the worker */
  readonly startedAt: Date;
  /** of a first attempt: how long after its time it started, without the `jitter` of the cron, in ms */
  readonly lateMs?: number;
  /** how long it ran, in ms */
  readonly durationMs: number;
  /** how it ended */
  readonly outcome: CronOutcome;
}

/**
 * A run that `overlap: 'skip'` left out.
 *
 * @example
 * const text = ({ due, id }: CronSkippedRun) => `${due.toISOString()}: left out, because ${id} was under way`;
 */
export interface CronSkippedRun {
  /** distinguishes it from the other entries of a history */
  readonly kind: 'skipped';
  /** the time of the schedule */
  readonly due: Date;
  /** id of the earlier run, which waited or was under way */
  readonly id: string;
}

/**
 * Times of a cron for which no run was fired.
 *
 * @example
 * const text = ({ count, more, reason }: CronMissedTimes) => `${more ? 'more than ' : ''}${count} missed: ${reason}`;
 */
export interface CronMissedTimes {
  /** distinguishes them from the other entries of a history */
  readonly kind: 'missed';
  /** the first of them, by the schedule */
  readonly due: Date;
  /** the last of them */
  readonly last: Date;
  /** how many, up to 1,000 */
  readonly count: number;
  /** whether there were more than `count` */
  readonly more: boolean;
  /** `no-worker`: no worker could fire it in time; `paused`; `too-many`: with `missed: 'all'` only the last 1,000 are made up for */
  readonly reason: CronMissedReason;
}

/**
 * What became of times of a cron.
 *
 * @example
 * const isTrouble = (entry: CronHistoryEntry) => entry.kind !== 'run' || entry.outcome === 'dead';
 */
export type CronHistoryEntry = CronEndedRun | CronSkippedRun | CronMissedTimes;

/**
 * Which part of a history.
 *
 * @example
 * const options: CronHistoryOptions = { count: 100 };
 */
export interface CronHistoryOptions {
  /** how many entries, 1 to 100; 20 by default */
  readonly count?: number;
}

/** @throws NestworkError INVALID_OPTION */
export function countIn(options: CronHistoryOptions): number {
  assertKnownOptions(options, ['count'], 'crons.history()');
  const { count = USUAL } = options;
  assertWhole('count', count, MOST);
  return count;
}

/**
 * @param jitterMs by how much each time of the cron is later than by its schedule
 * @param payloads opens the error of a run
 */
export function entryOf(happening: CronHappening, jitterMs: number, payloads: PayloadCodec): CronHistoryEntry {
  const due = nearestDate(happening.due);
  if (happening.kind === 'skipped') return { ...happening, due };
  if (happening.kind === 'missed') return { ...happening, due, last: nearestDate(happening.last) };
  const { startedAt, attempt } = happening;
  // an attempt after a failure has waited for its turn, and is not late
  const late = attempt === 1 ? { lateMs: latenessOf(happening, jitterMs) } : {};
  return { ...openedError(happening, payloads), due, startedAt: nearestDate(startedAt), ...late };
}

/** How long after its time a run started, in ms. The clock of a worker may be behind that of Redis. */
export function latenessOf({ due, startedAt }: { due: number; startedAt: number }, jitterMs: number): number {
  return Math.max(startedAt - due - jitterMs, 0);
}
