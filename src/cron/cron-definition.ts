import type { CallOptions } from '../message/call-options.js';
import { isStartTags, type StartTags } from '../policy/start-tags.js';

/** When a cron is due, as plain data: what the decorator got, completed. */
export type CronSchedule = CronTimes & CronBounds;

export type CronTimes =
  /** five or six fields, by the clock of a zone or of an offset in minutes; days that are left out, by that clock, see excluded-days.ts */
  | {
      readonly expression: string;
      readonly timeZone?: string;
      readonly utcOffset?: number;
      readonly except?: readonly string[];
    }
  /** at every multiple of so many ms since 1970, or so many ms later; or so many ms after the end of the last run */
  | { readonly everyMs: number; readonly offsetMs?: number; readonly from?: 'end' }
  /** once, in ms since 1970 */
  | { readonly at: number }
  /** never by the clock: only when a release begins */
  | { readonly only: 'release' };

/** How a cron heeds a new release of its app: once, in the whole cluster. */
export interface AtRelease {
  /** no time comes due before so long after the first worker of the release has declared the cron, in ms */
  readonly delayMs: number;
  /** whether a run is due then, beside its times */
  readonly runs: boolean;
  /** of the app that declares the cron */
  readonly release: string;
}

/**
 * When its run of a release is due, in ms since 1970. Undefined where it has none: the release of another worker may have one, and none of its runs is
 * due outside its bounds.
 *
 * @param noted when the record of the cron has it
 */
export function releaseRunAt(
  { atRelease, schedule }: Pick<CronDefinition, 'atRelease' | 'schedule'>,
  noted: number | undefined,
): number | undefined {
  const { startAt = Number.NEGATIVE_INFINITY, endAt = Number.POSITIVE_INFINITY } = schedule;
  if (!atRelease?.runs || noted === undefined || noted < startAt || noted > endAt) return undefined;
  return noted;
}

/** Whether its times are counted from the end of its last run. */
export function countsFromEnd(schedule: CronSchedule): schedule is CronSchedule & { everyMs: number; from: 'end' } {
  return 'from' in schedule && schedule.from === 'end';
}

/** What else decides about a time of a schedule. */
export interface CronBounds {
  /** none before, in ms since 1970 */
  readonly startAt?: number;
  /** none after, in ms since 1970 */
  readonly endAt?: number;
  /** each run is due so many ms after its time */
  readonly jitterMs?: number;
}

/**
 * How to make up for runs that came due while no worker could fire them: run none, the latest, or each of them.
 *
 * @example
 * const missed: MissedRuns = 'all';
 */
export type MissedRuns = 'skip' | 'latest' | 'all';

/**
 * How to treat a run that comes due while an earlier one is queued or under way.
 *
 * @example
 * const overlap: CronOverlap = 'skip';
 */
export type CronOverlap = 'allow' | 'skip';

/** Zones whose clocks are never changed. */
const FIXED_ZONE = /^(?:etc\/)?(?:utc|gmt|uct|zulu|universal|greenwich)?(?:[+-][\d:]+)?$/i;

/** What makes a task a cron. It travels from child to supervisor and lies in Redis, so it is plain data. */
export interface CronDefinition {
  readonly schedule: CronSchedule;
  readonly missed: MissedRuns;
  /** with `missed: 'skip'`: how late a run may come to be fired and still not count as missed, in ms */
  readonly thresholdMs: number;
  readonly overlap: CronOverlap;
  /** declared, but never fired by itself */
  readonly disabled: boolean;
  /** how many runs are fired in all; without one, no end */
  readonly limit?: number | undefined;
  /** what a new release changes; nothing by default */
  readonly atRelease?: AtRelease | undefined;
  /** the tags of its runs for limits and order; none by default */
  readonly start?: StartTags | undefined;
}

/** A cron as its decorator has it: of no release yet. */
export interface WrittenCron extends Omit<CronDefinition, 'atRelease'> {
  readonly atRelease?: Omit<AtRelease, 'release'> | undefined;
}

/** A cron of a task. */
export interface NamedCron extends CronDefinition {
  readonly name: string;
  /** the encoded arguments of its runs; none by default */
  readonly payload?: string | undefined;
}

/** A cron of an app, with the task that it runs. */
export interface CronDeclaration extends NamedCron {
  /** name of the task; that of the cron by default */
  readonly task?: string | undefined;
  readonly queue: string;
  /** options of the calls, as they travel in a message; none by default */
  readonly call?: CallOptions | undefined;
  /** for how many seconds the results of its runs are kept; none by default */
  readonly result?: number | undefined;
}

/** The crons of the tasks of an app. */
export function cronsAmong(
  tasks: readonly (Pick<CronDeclaration, 'name' | 'queue' | 'result'> & { readonly crons?: readonly NamedCron[] })[],
): CronDeclaration[] {
  return tasks.flatMap(({ name, queue, result, crons = [] }) =>
    crons.map((cron) => ({ queue, result, ...cron, ...(cron.name !== name && { task: name }) })),
  );
}

/** Whether anything that came over a channel is a cron of a task. */
export function isNamedCron(value: unknown): value is NamedCron {
  return isCronDefinition(value) && 'name' in value && typeof value.name === 'string' && isText(value, 'payload');
}

/** Whether its times follow the rules of a time zone, which differ from one version of its data to the next. */
export function hangsOnZone(schedule: CronSchedule): boolean {
  if (!('expression' in schedule) || schedule.utcOffset !== undefined) return false;
  return schedule.timeZone !== undefined && !FIXED_ZONE.test(schedule.timeZone);
}

/** Whether anything that came over a channel or from Redis is a definition. */
export function isCronDefinition(value: unknown): value is CronDefinition {
  if (!isRecord(value)) return false;
  const { schedule, missed, thresholdMs, overlap, disabled, limit, atRelease, start } = value;
  return (
    isSchedule(schedule) &&
    (missed === 'skip' || missed === 'latest' || missed === 'all') &&
    isWhole(thresholdMs) &&
    (overlap === 'allow' || overlap === 'skip') &&
    typeof disabled === 'boolean' &&
    isWholeIfAny(limit) &&
    (atRelease === undefined || isAtRelease(atRelease)) &&
    (start === undefined || isStartTags(start))
  );
}

/** Whether anything that came from Redis is a declaration. */
export function isCronDeclaration(value: unknown): value is CronDeclaration {
  return (
    isCronDefinition(value) &&
    'name' in value &&
    typeof value.name === 'string' &&
    'queue' in value &&
    typeof value.queue === 'string' &&
    isText(value, 'payload') &&
    isText(value, 'task') &&
    (!('call' in value) || isRecord(value.call))
  );
}

/** Whether a field is a text, if there is one. */
function isText(value: object, field: string): boolean {
  const text: unknown = Reflect.get(value, field);
  return text === undefined || typeof text === 'string';
}

function isAtRelease(value: unknown): value is AtRelease {
  if (!isRecord(value)) return false;
  return isWhole(value.delayMs) && typeof value.runs === 'boolean' && isRelease(value.release);
}

/** Whether it can be the name of a release. */
export function isRelease(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.+:@/-]{1,100}$/.test(value);
}

function isSchedule(value: unknown): value is CronSchedule {
  if (!isRecord(value)) return false;
  const { expression, timeZone, utcOffset, except, everyMs, offsetMs, from, at, only, startAt, endAt, jitterMs } =
    value;
  if (![startAt, endAt, jitterMs].every(isWholeIfAny)) return false;
  if (expression === undefined) {
    const isInterval = isWhole(everyMs) && everyMs > 0 && isWholeIfAny(offsetMs);
    return isWhole(at) || only === 'release' || (isInterval && (from === undefined || from === 'end'));
  }
  return (
    typeof expression === 'string' &&
    (timeZone === undefined || typeof timeZone === 'string') &&
    isWholeIfAny(utcOffset) &&
    (except === undefined || (Array.isArray(except) && except.every((days) => typeof days === 'string')))
  );
}

function isWholeIfAny(value: unknown): boolean {
  return value === undefined || isWhole(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
