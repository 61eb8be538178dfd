import { Cron } from 'croner';
import { NestworkError } from '../errors.js';
import { once as madeOnce } from '../values/once.js';
import { type CronSchedule, type CronTimes, countsFromEnd } from './cron-definition.js';
import { expressionFault } from './cron-fault.js';
import { toPattern } from './cron-fields.js';
import { readDays, withoutDays } from './excluded-days.js';
import { offsetClock, type ZoneClock, zoneClock } from './zone-clock.js';

/** The instants of a schedule, in ms since 1970. */
export interface Instants {
  /** The first one after `after`; undefined when none follows. */
  next(after: number): number | undefined;
  /** The newest ones up to and including `until`, `most` of them, oldest first. */
  latest(until: number, most: number): number[];
}

const SECOND = 1_000;
const DAY = 86_400_000;

/**
 * Makes a schedule answer when it is due.
 *
 * Clock changes: where second, minute and hour have neither `*` nor a step (`30 2 * * *`), a time that is skipped is due
 * once, right after the gap, and one that is repeated is due the first time alone. Other expressions go by the clock as
 * it stands: nothing in the gap, and both passes of the repeated hour.
 *
 * @param where what to call the cron in an error: `'@Cron() on ReportTasks.digest in ReportModule'`
 * @param endedAt of an interval that counts from the end of its last run: when that was, in ms since 1970. Without it, it is never due
 * @throws NestworkError INVALID_CRON for an expression that is none or never comes due, and for an unknown time zone
 *
 * @example
 * instantsOf({ expression: '0 8 * * *', timeZone: 'Europe/Paris' }, '@Cron() on ReportTasks.digest').next(Date.now());
 */
export function instantsOf(schedule: CronSchedule, where: string, endedAt?: number): Instants {
  const { startAt = Number.NEGATIVE_INFINITY, endAt = Number.POSITIVE_INFINITY, jitterMs = 0 } = schedule;
  const times = countsFromEnd(schedule) ? afterEnd(endedAt, schedule.everyMs, startAt) : timesOf(schedule, where);
  return delayed(within(times, startAt, endAt), jitterMs);
}

function timesOf(schedule: CronTimes, where: string): Instants {
  if ('everyMs' in schedule) return delayed(multiplesOf(schedule.everyMs), schedule.offsetMs ?? 0);
  if ('only' in schedule) return once(Number.POSITIVE_INFINITY);
  return 'at' in schedule ? once(schedule.at) : matchesOf(schedule, where);
}

function afterEnd(endedAt: number | undefined, everyMs: number, startAt: number): Instants {
  return once(endedAt === undefined ? Number.POSITIVE_INFINITY : Math.max(endedAt + everyMs, startAt));
}

function within(instants: Instants, from: number, till: number): Instants {
  return {
    next: (after) => {
      const at = instants.next(Math.max(after, from - 1));
      return at === undefined || at > till ? undefined : at;
    },
    latest: (until, most) => instants.latest(Math.min(until, till), most).filter((at) => at >= from),
  };
}

function delayed(instants: Instants, ms: number): Instants {
  if (ms === 0) return instants;
  return {
    next: (after) => {
      const at = instants.next(after - ms);
      return at === undefined ? undefined : at + ms;
    },
    latest: (until, most) => instants.latest(until - ms, most).map((at) => at + ms),
  };
}

function multiplesOf(everyMs: number): Instants {
  const floor = (time: number): number => Math.floor(time / everyMs) * everyMs;
  return {
    next: (after) => floor(after) + everyMs,
    latest: (until, most) => Array.from({ length: most }, (_, index) => floor(until) - (most - 1 - index) * everyMs),
  };
}

function once(at: number): Instants {
  return {
    next: (after) => (after < at && at !== Number.POSITIVE_INFINITY ? at : undefined),
    latest: (until) => (at <= until ? [at] : []),
  };
}

type Expression = Extract<CronTimes, { expression: string }>;

function matchesOf(schedule: Expression, where: string): Instants {
  const instants = parse(schedule, where);
  if (instants.next(Date.now()) === undefined) {
    const [reason, remedy] = schedule.except
      ? ['all its days are left out, or no month has such a day', 'Check `except`, day and month.']
      : ['no month has such a day', 'Check day and month: February has no 30th.'];
    throw invalid(schedule.expression, where, `never comes due: ${reason}.`, remedy);
  }
  return instants;
}

function parse({ expression, timeZone, utcOffset, except = [] }: Expression, where: string): Instants {
  if (timeZone !== undefined) assertTimeZone(timeZone, where);
  const remedies = [
    'Give five fields (minute, hour, day, month, weekday), six with seconds in front, or a CronExpression.',
    furtherRemedy(expression),
  ];
  // croner takes an ISO date as well, and reads it by another clock than `new Date()` does
  if (/^\s*\d{4}-/.test(expression)) throw invalid(expression, where, 'is a date, not an expression.', remedies);
  const { text, fixed } = toPattern(expression);
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const clock = madeOnce(() => (utcOffset === undefined ? zoneClock(zone) : offsetClock(utcOffset)));
  const days = except.map((days) => readDays(days) ?? nonsense(days, where));
  try {
    const goesByClock = fixed || utcOffset !== undefined;
    const instants = goesByClock ? byClock(cronerOf(text, 'UTC'), clock()) : byCroner(cronerOf(text, zone));
    return days.length > 0 ? withoutDays(instants, days, clock()) : instants;
  } catch (cause) {
    const reason = String(cause instanceof Error ? cause.message : cause).replace(/^Cron\w+: /, '');
    throw invalid(expression, where, `is not valid: ${expressionFault(expression) ?? reason}.`, remedies, cause);
  }
}

/** What Quartz has, and no other cron language. */
function furtherRemedy(expression: string): string {
  if (/^\s*(?:\S+\s+){6}\S+\s*$/.test(expression)) return 'For years give `startDate` and `endDate`.';
  if (/\bL-\d/i.test(expression))
    return 'For the last day but two give the days that it can be, 26-29, and let the method compare.';
  return 'For a single moment give a Date.';
}

function cronerOf(text: string, zone: string): Cron {
  // croner would take it for a date
  if (text.includes(':')) throw new Error('it has a colon');
  const clock = zone === 'UTC' ? { utcOffset: 0 } : { timezone: zone };
  // sloppy are `/5` and `?/5`, which croner once took
  return new Cron(text, { paused: true, mode: '5-or-6-parts', sloppyRanges: true, ...clock });
}

// croner counts in whole seconds
const floor = (time: number): number => Math.floor(time / SECOND) * SECOND;

function byCroner(cron: Cron): Instants {
  return {
    next: (after) => cron.nextRun(new Date(floor(after)))?.getTime(),
    latest: (until, most) =>
      cron
        .previousRuns(most, new Date(floor(until) + SECOND))
        .map((run) => run.getTime())
        .reverse(),
  };
}

/**
 * A fixed time is due when the clock first shows it, or leaves it out. croner finds that, too, unless the gap ends on another
 * day; so it is asked by a clock of UTC, which has no gaps, what the clock of the zone must show.
 */
function byClock(cron: Cron, clock: ZoneClock): Instants {
  const shown = byCroner(cron);
  return {
    next: (after) => {
      let time = shown.next(clock.shown(after));
      // within the second pass of an hour the clock has shown it before
      while (time !== undefined && clock.reaches(time) <= after) time = shown.next(time);
      return time === undefined ? undefined : clock.reaches(time);
    },
    latest: (until, most) => {
      const found: number[] = [];
      // a clock that was set back today has shown more
      const furthest = Math.max(clock.shown(until), clock.shown(until - DAY) + DAY);
      for (let [time] = shown.latest(furthest, 1); time !== undefined && found.length < most; ) {
        const at = clock.reaches(time);
        if (at <= until && at !== found[0]) found.unshift(at);
        [time] = shown.latest(time - SECOND, 1);
      }
      return found;
    },
  };
}

function nonsense(days: string, where: string): never {
  throw new NestworkError('INVALID_CRON', `\`except\` of ${where} has ${JSON.stringify(days.slice(0, 60))}.`, [
    "Give days as '2026-12-25', or '12-25' for each year.",
    "Give the first and the last of several: '2026-12-24/2027-01-06', or '12-24/01-06' for each year.",
  ]);
}

function assertTimeZone(timeZone: string, where: string): void {
  try {
    zoneClock(timeZone);
  } catch (cause) {
    throw new NestworkError(
      'INVALID_CRON',
      `The time zone ${JSON.stringify(timeZone.slice(0, 60))} of ${where} does not exist.`,
      [
        "Give a name of the IANA database, like 'Europe/Paris' or 'UTC'.",
        'For a fixed distance to UTC give `utcOffset`, in minutes.',
        `If the zone is new, update Node: this process has the time zone data ${process.versions.tz ?? 'of no version'}.`,
      ],
      { cause },
    );
  }
}

function invalid(
  expression: string,
  where: string,
  what: string,
  remedies: string | readonly string[],
  cause?: unknown,
): NestworkError {
  const shown = JSON.stringify(expression.slice(0, 80));
  return new NestworkError('INVALID_CRON', `The cron time ${shown} of ${where} ${what}`, remedies, { cause });
}
