import type { CronTimes } from '../cron/cron-definition.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { shown } from '../values/shown.js';
import type { CronOptions } from './cron-options.js';
import { misused } from './method-place.js';

/** The longest offset that `@nestjs/schedule` takes, in minutes. */
const MAX_OFFSET = 99 * 60 + 59;
const LEAST_MS = 100;

type Clock = Pick<CronOptions, 'timeZone' | 'utcOffset'>;

/**
 * The times of a cron, from what its decorator or its provider gave.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function timesOf(
  cronTime: unknown,
  { except, ...clock }: Clock & Pick<CronOptions, 'except'>,
  where: string,
): CronTimes {
  const hasClock = clock.timeZone !== undefined || clock.utcOffset !== undefined || except !== undefined;
  if (cronTime instanceof Date) {
    if (Number.isNaN(cronTime.getTime())) throw misused(where, 'got an invalid Date', ['Give a valid one.']);
    if (hasClock) {
      throw misused(
        where,
        'got a Date and a time zone or days to leave out, but a Date is one moment, the same in every zone',
        ['Leave out `timeZone`, `utcOffset` and `except`.'],
      );
    }
    return { at: cronTime.getTime() };
  }
  if (typeof cronTime !== 'string') {
    throw misused(where, `got ${shown(cronTime)} as cron time`, [
      'Give an expression, a CronExpression, or a Date; of a Luxon DateTime its `.toJSDate()`.',
    ]);
  }
  return {
    expression: cronTime,
    ...clockOf(clock, where),
    ...(except !== undefined && { except: daysOf(except, where) }),
  };
}

/**
 * The times of an interval.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION
 */
export function intervalTimes(every: Duration, offset: Duration | undefined, where: string): CronTimes {
  const everyMs = toMilliseconds(every, where);
  if (everyMs < LEAST_MS) {
    throw misused(where, `is due every ${everyMs} ms`, [
      `Give at least ${LEAST_MS} ms, and let each run loop where more is needed.`,
      'Or keep setInterval() in the process that needs it: a run here is a task in Redis, which takes some ms, and which another process may run.',
    ]);
  }
  const offsetMs = offset === undefined ? 0 : toMilliseconds(offset, `\`offset\` of ${where}`);
  if (offsetMs >= everyMs) {
    throw misused(where, `has an \`offset\` of ${offsetMs} ms, and is due every ${everyMs} ms`, [
      'Give an offset that is shorter than the interval.',
    ]);
  }
  return { everyMs, ...(offsetMs > 0 && { offsetMs }) };
}

function daysOf(except: unknown, where: string): readonly string[] {
  if (Array.isArray(except) && except.every((days): days is string => typeof days === 'string')) return [...except];
  throw misused(where, `has ${shown(except)} as \`except\``, ["Give a list of days: ['2026-12-25', '12-24/01-06']."]);
}

function clockOf({ timeZone, utcOffset }: Clock, where: string): Clock {
  if (timeZone !== undefined && utcOffset !== undefined) {
    throw misused(where, 'has `timeZone` and `utcOffset`', ['Give one of them.']);
  }
  if (utcOffset === undefined) return zoneOf(timeZone, where);
  if (Number.isInteger(utcOffset) && Math.abs(utcOffset) <= MAX_OFFSET) return { utcOffset };
  throw misused(where, `has ${shown(utcOffset)} as \`utcOffset\``, [
    `Give whole minutes from -${MAX_OFFSET} to ${MAX_OFFSET}, like 330 for UTC+5:30.`,
  ]);
}

/** Written in full, so that a reader of the record sees by which clock it runs. */
function zoneOf(timeZone: unknown = Intl.DateTimeFormat().resolvedOptions().timeZone, where: string): Clock {
  if (typeof timeZone === 'string') {
    // Luxon, by which `@nestjs/schedule` goes, has these zones beside those of IANA
    const [, sign, hours = 0, minutes = 0] = /^utc([+-])(\d{1,2})(?::(\d{2}))?$/i.exec(timeZone) ?? [];
    if (sign === undefined) return { timeZone };
    const distance = Number(hours) * 60 + Number(minutes);
    return { utcOffset: sign === '-' ? -distance : distance };
  }
  throw misused(where, `has ${shown(timeZone)} as \`timeZone\``, [
    "Give a name of the IANA database, like 'Europe/Paris'.",
  ]);
}
