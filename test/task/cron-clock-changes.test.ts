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

/** Offset of each minute; between two equal hours nothing changes. */
function offsets(timeZone: string): Int16Array {
  const read = offsetReader(timeZone);
  const all = new Int16Array(TO - FROM);
  let before = read(FROM);
  for (let hour = 0; hour < all.length; hour += 60) {
    const after = read(FROM + hour + 60);
    for (let minute = hour; minute < hour + 60; minute += 1) {
      all[minute] = before === after ? before : read(FROM + minute);
    }
    before = after;
  }
  return all;
}

/** What is due, in minutes since 1970. */
function expected({ fixed, minutes, hours, days }: Pattern, zone: Int16Array): number[] {
  const times = Array.from({ length: DAY }, (_, time) => minutes(time % 60) && hours(Math.floor(time / 60)));
  const matches = (local: number): boolean => times[local % DAY] === true && days(new Date(local * MINUTE));
  const due: number[] = [];
  let furthest = FROM + (zone[0] ?? 0) - 1;
  for (let index = 0; index < zone.length; index += 1) {
    const local = FROM + index + (zone[index] ?? 0);
    let isDue = matches(local) && !(fixed && local <= furthest);
    for (let skipped = furthest + 1; fixed && skipped < local; skipped += 1) isDue ||= matches(skipped);
    if (isDue) due.push(FROM + index);
    furthest = Math.max(furthest, local);
  }
  return due;
}

type Span = readonly [from: number, to: number];

/** What is due within a span, in minutes since 1970. */
function computed({ expression }: Pattern, timeZone: string, [from, to]: Span = [FROM, TO]): number[] {
  const instants = instantsOf({ expression, timeZone }, 'a test');
  const due: number[] = [];
  for (let at = instants.next(from * MINUTE - 1); at !== undefined && at < to * MINUTE; at = instants.next(at)) {
    due.push(at / MINUTE);
  }
  return due;
}

/** The whole time for what is rare; for the others a week, and two days around each change of the clock. */
function spans({ fixed }: Pattern, zone: Int16Array): Span[] {
  if (fixed) return [[FROM, TO]];
  const changes = Array.from(zone.keys()).filter((index) => index > 0 && zone[index] !== zone[index - 1]);
  return [[FROM, FROM + 7 * DAY], ...changes.map((index): Span => [FROM + index - DAY, FROM + index + DAY])];
}

const shown = (minutes: readonly number[]): string[] => minutes.map((at) => new Date(at * MINUTE).toISOString());

describe.each(ZONES)('three years in %s', (timeZone) => {
  const zone = offsets(timeZone);

  it.each(PATTERNS)(
    '$expression is due when the clock says so',
    (pattern) => {
      const wanted = expected(pattern, zone);
      expect(wanted.length).toBeGreaterThan(100);
      for (const span of spans(pattern, zone)) {
        const within = wanted.filter((minute) => minute >= span[0] && minute < span[1]);
        expect(shown(computed(pattern, timeZone, span))).toEqual(shown(within));
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
