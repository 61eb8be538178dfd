import { Cron } from 'croner';
import { NestworkError } from '../errors.js';
import type { CronSchedule } from './cron-definition.js';
import { expressionFault } from './cron-fault.js';
import { toPattern } from './cron-fields.js';
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
 * @throws NestworkError INVALID_CRON for an expression that is none or never comes due, and for an unknown time zone
 *
 * @example
 * instantsOf({ expression: '0 8 * * *', timeZone: 'Europe/Paris' }, '@Cron() on ReportTasks.digest').next(Date.now());
 */
export function instantsOf(schedule: CronSchedule, where: string): Instants {
  if ('everyMs' in schedule) return multiplesOf(schedule.everyMs);
  return 'at' in schedule ? once(schedule.at) : matchesOf(schedule, where);
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
    next: (after) => (after < at ? at : undefined),
    latest: (until) => (at <= until ? [at] : []),
  };
}

type Expression = Extract<CronSchedule, { expression: string }>;

function matchesOf(schedule: Expression, where: string): Instants {
  const instants = parse(schedule, where);
  if (instants.next(Date.now()) === undefined) {
    const remedy = 'Check day and month: February has no 30th.';
    throw invalid(schedule.expression, where, 'never comes due: no month has such a day.', remedy);
  }
  return instants;
}

function parse({ expression, timeZone, utcOffset }: Expression, where: string): Instants {
  if (timeZone !== undefined) assertTimeZone(timeZone, where);
  const remedies = [
    'Give five fields (minute, hour, day, month, weekday), six with seconds in front, or a CronExpression.',
    'For a single moment give a Date.',
  ];
  // croner takes an ISO date as well, and reads it by another clock than `new Date()` does
  if (/^\s*\d{4}-/.test(expression)) throw invalid(expression, where, 'is a date, not an expression.', remedies);
  const { text, fixed } = toPattern(expression);
  try {
    if (utcOffset !== undefined) return byClock(cronerOf(text, 'UTC'), offsetClock(utcOffset));
    const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    return fixed ? byClock(cronerOf(text, 'UTC'), zoneClock(zone)) : byCroner(cronerOf(text, zone));
  } catch (cause) {
    const reason = String(cause instanceof Error ? cause.message : cause).replace(/^Cron\w+: /, '');
    throw invalid(expression, where, `is not valid: ${expressionFault(expression) ?? reason}.`, remedies, cause);
  }
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

function assertTimeZone(timeZone: string, where: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    throw new NestworkError(
      'INVALID_CRON',
      `The time zone ${JSON.stringify(timeZone.slice(0, 60))} of ${where} does not exist.`,
      [
        "Give a name of the IANA database, like 'Europe/Paris' or 'UTC'.",
        'For a fixed distance to UTC give `utcOffset`, in minutes.',
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
