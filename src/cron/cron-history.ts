import type { MissedInstants } from './missed-instants.js';

/**
 * How an attempt at a run of a cron ended: `failed` will be tried again, `dead` will not, `dropped` was dropped by `DropTask` or
 * `dropOn`.
 *
 * @example
 * const isTrouble = (outcome: CronOutcome) => outcome === 'failed' || outcome === 'dead';
 */
export type CronOutcome = 'done' | 'dropped' | 'failed' | 'dead';

/**
 * Why times of a cron were left out: no worker could fire it in time, it was paused, or there were more than are made up for.
 *
 * @example
 * const reason: CronMissedReason = 'no-worker';
 */
export type CronMissedReason = 'no-worker' | 'paused' | 'too-many';

/** An attempt that has ended. Times are in ms since 1970; `due` is that of the schedule, without jitter. */
export interface EndedRun {
  readonly kind: 'run';
  readonly due: number;
  readonly outcome: CronOutcome;
  /** by the clock of the worker */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly attempt: number;
  /** of the task */
  readonly id: string;
}

/** A time at which an earlier run waited or was under way. */
export interface SkippedRun {
  readonly kind: 'skipped';
  readonly due: number;
  /** of the earlier run */
  readonly id: string;
}

/** Times of a cron that were left out, from `due` to `last`. */
export interface MissedTimes {
  readonly kind: 'missed';
  readonly due: number;
  readonly last: number;
  readonly count: number;
  /** whether there were more than `count`, up to which they are counted */
  readonly more: boolean;
  readonly reason: CronMissedReason;
}

/** What happened to one or more times of a cron. */
export type CronHappening = EndedRun | SkippedRun | MissedTimes;

/** So many are kept of a cron. */
export const MOST_HAPPENINGS = 100;
/** Of one that was set at run time: there may be very many of these. */
export const MOST_OF_RUN_TIME_CRON = 10;

/** Each is a line of text, as short as it can be: Redis keeps a hundred of each cron. */
const RUN = /^(\d{1,15}) (done|dropped|dead|failed) (\d{1,15}) (\d{1,15}) (\d{1,5}) (\S+)$/;
const SKIPPED = /^(\d{1,15}) skipped (\S+)$/;
const MISSED = /^(\d{1,15}) missed (\d{1,15})(\+?) (\d{1,15}) (no-worker|paused|too-many)$/;

export function encodeEndedRun({ due, outcome, startedAt, durationMs, attempt, id }: Omit<EndedRun, 'kind'>): string {
  return `${due} ${outcome} ${startedAt} ${durationMs} ${attempt} ${id}`;
}

/** @param jitterMs by how much instants are later than the times of the schedule */
export function missedTimes({ first, last, count, more, reason }: MissedInstants, jitterMs = 0): MissedTimes {
  return { kind: 'missed', due: first - jitterMs, last: last - jitterMs, count, more, reason };
}

export function encodeMissed({ due, count, more, last, reason }: Omit<MissedTimes, 'kind'>): string {
  return `${due} missed ${count}${more ? '+' : ''} ${last} ${reason}`;
}

/** Undefined for a line that others wrote, or a newer version. */
export function decodeHappening(line: string): CronHappening | undefined {
  return decodeRun(line) ?? decodeSkipped(line) ?? decodeMissed(line);
}

function decodeRun(line: string): EndedRun | undefined {
  const [, due, outcome, startedAt, durationMs, attempt, id] = RUN.exec(line) ?? [];
  if (id === undefined) return undefined;
  const [dueAt = 0, started = 0, duration = 0, number = 0] = [due, startedAt, durationMs, attempt].map(Number);
  return {
    kind: 'run',
    due: dueAt,
    outcome: outcome as CronOutcome,
    startedAt: started,
    durationMs: duration,
    attempt: number,
    id,
  };
}

function decodeSkipped(line: string): SkippedRun | undefined {
  const [, due, id] = SKIPPED.exec(line) ?? [];
  return id === undefined ? undefined : { kind: 'skipped', due: Number(due), id };
}

function decodeMissed(line: string): MissedTimes | undefined {
  const [, due, count, more, last, reason] = MISSED.exec(line) ?? [];
  if (reason === undefined) return undefined;
  const [dueAt = 0, number = 0, lastAt = 0] = [due, count, last].map(Number);
  return {
    kind: 'missed',
    due: dueAt,
    last: lastAt,
    count: number,
    more: more === '+',
    reason: reason as CronMissedReason,
  };
}
