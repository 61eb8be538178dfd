import type { Instants } from './cron-schedule.js';
import type { ZoneClock } from './zone-clock.js';

const DAY = 86_400_000;
/** So many days in a row are looked past: in a year with all its days left out a cron never comes due. */
const MOST_PASSED = 2_000;
const ONE_DAY = /^(?:(\d{4})-)?(\d{2})-(\d{2})$/;

/** Days by the clock of a cron: whether one is left out. */
export type IsExcluded = (day: Day) => boolean;

interface Day {
  /** `2026-12-25` */
  readonly date: string;
  /** `12-25` */
  readonly ofYear: string;
}

/**
 * Reads days: `2026-12-25` is one day, `12-25` that day of each year, `2026-12-24/2027-01-06` and `12-24/01-06` are all from the first to the
 * second.
 *
 * @returns undefined for anything else, and for days that do not exist
 *
 * @example
 * readDays('12-24/01-06')?.({ date: '2027-01-01', ofYear: '01-01' }); // true
 */
export function readDays(text: string): IsExcluded | undefined {
  const [first, last = first, ...more] = text.split('/');
  if (first === undefined || last === undefined || more.length > 0 || !isDay(first) || !isDay(last)) return undefined;
  if (first.length !== last.length) return undefined;
  if (first.length > 5) return first > last ? undefined : ({ date }) => date >= first && date <= last;
  return first > last
    ? ({ ofYear }) => ofYear >= first || ofYear <= last
    : ({ ofYear }) => ofYear >= first && ofYear <= last;
}

function isDay(text: string): boolean {
  const [, year = '2000', month, day] = ONE_DAY.exec(text) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T00:00:00Z`);
  // a day that a month does not have would be one of the next
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(`${year}-${month}-${day}`);
}

/** The instants that do not fall on certain days of a clock. */
export function withoutDays(instants: Instants, days: readonly IsExcluded[], clock: ZoneClock): Instants {
  const startOf = (at: number): number => Math.floor(clock.shown(at) / DAY) * DAY;
  const isLeftOut = (shown: number): boolean => {
    const date = new Date(shown).toISOString().slice(0, 10);
    return days.some((isExcluded) => isExcluded({ date, ofYear: date.slice(5) }));
  };
  return {
    next: (after) => {
      let at = instants.next(after);
      let last = Number.NaN;
      for (let passed = 0; at !== undefined && passed < MOST_PASSED; ) {
        const day = startOf(at);
        if (!isLeftOut(day)) return at;
        // a clock that is set back after midnight shows the end of a day twice
        at = instants.next(Math.max(at, clock.reaches(day + DAY) - 1));
        if (day !== last) passed += 1;
        last = day;
      }
      return undefined;
    },
    latest: (until, most) => {
      const found: number[] = [];
      let [at] = instants.latest(until, 1);
      let last = Number.NaN;
      for (let passed = 0; at !== undefined && found.length < most && passed < MOST_PASSED; ) {
        const day = startOf(at);
        const leftOut = isLeftOut(day);
        if (!leftOut) found.push(at);
        else if (day !== last) passed += 1;
        last = day;
        [at] = instants.latest((leftOut ? Math.min(at, clock.reaches(day)) : at) - 1, 1);
      }
      return found.reverse();
    },
  };
}
