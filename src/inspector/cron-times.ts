import type { CronSchedule, CronTimes } from '../cron/cron-definition.js';
import { type Instants, instantsOf } from '../cron/cron-schedule.js';
import { type MissedInstants, missedInstants } from '../cron/missed-instants.js';
import { NestworkError } from '../errors.js';
import { nearestDate } from '../values/dates.js';
import { printable } from '../values/printable.js';
import type { CronInfo } from './cron-info.js';

export { expanded } from '../cron/cron-fields.js';

/** Which instants of a schedule: so many, later than `after` in ms since 1970, and not later than `until`. */
export interface UpcomingOptions {
  readonly after: number;
  readonly count: number;
  readonly until?: number;
  /** of an interval that counts from it: the end of its last run */
  readonly endedAt?: number | undefined;
}

/** The next instants of a schedule. None where it cannot be read, see `readSchedule`. */
export function upcoming(name: string, schedule: CronSchedule, options: UpcomingOptions): Date[] {
  const instants = readSchedule(name, schedule, options.endedAt);
  return instants instanceof NestworkError ? [] : instantsIn(instants, options);
}

/** The instants of a schedule, or why this process cannot compute them. */
export function readSchedule(name: string, schedule: CronSchedule, endedAt?: number): Instants | NestworkError {
  try {
    return instantsOf(schedule, `cron "${printable(name)}"`, endedAt);
  } catch (error) {
    // a worker of another version has declared it, or one whose Node knows more zones
    if (error instanceof NestworkError) return error;
    throw error;
  }
}

/** Why this process cannot compute the times of a schedule, in a sentence. */
export function faultIn({ message }: NestworkError): string {
  const [first = ''] = message.split('\n');
  return first.replace(/ \[[A-Z_]+\]$/, '');
}

export function instantsIn(instants: Instants, options: UpcomingOptions): Date[] {
  const { after, count, until = Number.POSITIVE_INFINITY } = options;
  const found: Date[] = [];
  let at = instants.next(after);
  for (; at !== undefined && at <= until && found.length < count; at = instants.next(at)) found.push(nearestDate(at));
  return found;
}

/** The instants of a paused cron since it was settled. None where its schedule cannot be read. */
export function missedUpTo(
  name: string,
  schedule: CronSchedule,
  { settled, until }: { readonly settled: number; readonly until: number },
): MissedInstants | undefined {
  try {
    const instants = instantsOf(schedule, `cron "${name}"`);
    return missedInstants(instants, { settled, before: until + 1, reason: 'paused' });
  } catch {
    return undefined;
  }
}

/** The next instants of a cron by its schedule, as if it were neither paused nor disabled. */
export function upcomingOf(cron: CronInfo, options: UpcomingOptions): Date[] {
  const { from, nextRun, name } = cron;
  // the times after the next one hang on its end
  const schedule = from === undefined ? scheduleOf(cron) : nextRun && { at: nextRun.getTime() };
  return schedule ? upcoming(name, schedule, { ...options, count: leftOf(cron, options.count) }) : [];
}

/** How many of so many runs its limit still allows. */
export function leftOf({ limit = Number.POSITIVE_INFINITY, fires = 0 }: FireLimit, count: number): number {
  return Math.max(Math.min(limit - fires, count), 0);
}

interface FireLimit {
  readonly limit?: number | undefined;
  readonly fires?: number | undefined;
}

/** The schedule that a description was made of. */
export function scheduleOf(cron: CronInfo): CronSchedule {
  const { startDate, endDate, jitterMs } = cron;
  return {
    ...timesOf(cron),
    ...(startDate && { startAt: startDate.getTime() }),
    ...(endDate && { endAt: endDate.getTime() }),
    ...(jitterMs !== undefined && { jitterMs }),
  };
}

function timesOf(cron: CronInfo): CronTimes {
  const { expression = '', timeZone, utcOffset, except, everyMs, offsetMs, from, at, only } = cron;
  if (only) return { only };
  if (at) return { at: at.getTime() };
  if (everyMs !== undefined) return { everyMs, ...(offsetMs !== undefined && { offsetMs }), ...(from && { from }) };
  return {
    expression,
    ...(timeZone !== undefined && { timeZone }),
    ...(utcOffset !== undefined && { utcOffset }),
    ...(except && { except }),
  };
}
