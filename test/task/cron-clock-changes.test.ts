/**
 * Clock changes, in zones that change by an hour, by half an hour, for Ramadan, or not at all. What is expected is counted
 * minute by minute from what Intl says about the zone, without the library that is tested.
 */
import { instantsOf } from '../../src/task/cron-schedule.js';

const ZONES = [
  'Europe/Paris',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Santiago',
];
const MINUTE = 60_000;
const DAY = 1_440;
const SIX_HOURS = 360;
const FROM = Date.UTC(2025, 0, 1) / MINUTE;
const TO = Date.UTC(2028, 0, 1) / MINUTE;

interface Pattern {
  readonly expression: string;
  /** no `*` and no step among minutes and hours */
  readonly fixed: boolean;
  readonly minutes: (minute: number) => boolean;
  readonly hours: (hour: number) => boolean;
  readonly days: (date: Date) => boolean;
}

const always = (): boolean => true;
const among =
  (...values: number[]) =>
  (value: number): boolean =>
    values.includes(value);

const PATTERNS: readonly Pattern[] = [
  { expression: '30 2 * * *', fixed: true, minutes: among(30), hours: among(2), days: always },
  { expression: '0 0 * * *', fixed: true, minutes: among(0), hours: among(0), days: always },
  {
    expression: '15,45 1,2 * * 0',
    fixed: true,
    minutes: among(15, 45),
    hours: among(1, 2),
    days: (date) => date.getUTCDay() === 0,
  },
  {
    expression: '10 0-3 1-7 * *',
    fixed: true,
    minutes: among(10),
    hours: among(0, 1, 2, 3),
    days: (date) => date.getUTCDate() <= 7,
  },
  { expression: '0 */3 * * *', fixed: false, minutes: among(0), hours: (hour) => hour % 3 === 0, days: always },
  { expression: '40 * * * *', fixed: false, minutes: among(40), hours: always, days: always },
  { expression: '*/20 2 * * *', fixed: false, minutes: (minute) => minute % 20 === 0, hours: among(2), days: always },
];

/** Minutes by which the clock of the zone differs from UTC, as Intl shows it. */
function offsetReader(timeZone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (utc) => {
    const parts = Object.fromEntries(
      format.formatToParts(utc * MINUTE).map(({ type, value }) => [type, Number(value)]),
    ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>;
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) / MINUTE - utc;
  };
}

/** Offset of each minute; between two equal ones six hours apart nothing changes. */
function offsets(timeZone: string): Int16Array {
  const read = offsetReader(timeZone);
  const all = new Int16Array(TO - FROM);
  let before = read(FROM);
  for (let start = 0; start < all.length; start += SIX_HOURS) {
    const after = read(FROM + start + SIX_HOURS);
    for (let minute = start; minute < start + SIX_HOURS; minute += 1) {
      all[minute] = before === after ? before : read(FROM + minute);
    }
    before = after;
  }
  return all;
}

type Span = readonly [from: number, to: number];

/** What is due within a span, in minutes since 1970. */
function expected({ fixed, minutes, hours, days }: Pattern, zone: Int16Array, [from, to]: Span): number[] {
  const times = Array.from({ length: DAY }, (_, time) => minutes(time % 60) && hours(Math.floor(time / 60)));
  const matches = (local: number): boolean => times[local % DAY] === true && days(new Date(local * MINUTE));
  const due: number[] = [];
  let furthest = from + (zone[from - FROM] ?? 0) - 1;
  for (let minute = from; minute < to; minute += 1) {
    const local = minute + (zone[minute - FROM] ?? 0);
    let isDue = matches(local) && !(fixed && local <= furthest);
    for (let skipped = furthest + 1; fixed && skipped < local; skipped += 1) isDue ||= matches(skipped);
    if (isDue) due.push(minute);
    furthest = Math.max(furthest, local);
  }
  return due;
}

function computed({ expression }: Pattern, timeZone: string, [from, to]: Span): number[] {
  const instants = instantsOf({ expression, timeZone }, 'a test');
  const due: number[] = [];
  for (let at = instants.next(from * MINUTE - 1); at !== undefined && at < to * MINUTE; at = instants.next(at)) {
    due.push(at / MINUTE);
  }
  return due;
}

/** A week without a change, and two days around each change of the clock. */
function changing(zone: Int16Array): Span[] {
  const spans: Span[] = [[FROM, FROM + 7 * DAY]];
  for (let index = 1; index < zone.length; index += 1) {
    if (zone[index] !== zone[index - 1]) spans.push([FROM + index - DAY, FROM + index + DAY]);
  }
  return spans;
}

const shown = (minutes: readonly number[]): string[] => minutes.map((at) => new Date(at * MINUTE).toISOString());

describe.each(ZONES)('three years in %s', (timeZone) => {
  const zone = offsets(timeZone);
  const spans = changing(zone);

  it.each(PATTERNS)(
    '$expression is due when the clock says so',
    (pattern) => {
      // what is rare is looked at all the time
      for (const span of pattern.fixed ? [[FROM, TO] as const] : spans) {
        const wanted = expected(pattern, zone, span);
        expect(wanted.length).toBeGreaterThan(0);
        expect(shown(computed(pattern, timeZone, span))).toEqual(shown(wanted));
      }
    },
    120_000,
  );
});

it('looks back to the instants that it looks forward to', () => {
  for (const timeZone of ZONES) {
    for (const pattern of PATTERNS.slice(0, 4)) {
      const due = computed(pattern, timeZone, [TO - 90 * DAY, TO]);
      const last = due.slice(-30).map((at) => at * MINUTE);
      const instants = instantsOf({ expression: pattern.expression, timeZone }, 'a test');
      expect(instants.latest(TO * MINUTE - 1, last.length)).toEqual(last);
      const [one = 0, two = 0] = last.slice(-2);
      expect(instants.latest(two - 1, 1)).toEqual([one]);
      expect(instants.latest(two, 1)).toEqual([two]);
    }
  }
}, 120_000);
