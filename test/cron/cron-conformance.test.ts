/**
 * Expressions mean the same as to `cron`, the package under `@nestjs/schedule`: it is asked for the same instants.
 *
 * When the clocks change, `cron` is no oracle: it fires a second time in the hour after a repeated one, and at the end of
 * a gap also what is due each hour. Within some hours of a change the rule of the guide is counted out, minute by minute,
 * from the numbers that `cron` has read from the expression.
 */
import { CronTime } from 'cron';
import fc from 'fast-check';
import { type Instants, instantsOf } from '../../src/cron/cron-schedule.js';
import { CronExpression } from '../../src/decorators/cron-expression.js';
import type { NestworkError } from '../../src/errors.js';
import { type Pattern, WallClock } from '../support/wall-clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ZONES = [
  'UTC',
  'Europe/Paris',
  'Europe/Dublin',
  'America/New_York',
  'America/Santiago',
  'America/Nuuk',
  'America/Scoresbysund',
  'America/Caracas',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
];
const FROM = Date.UTC(2026, 0, 1) / MINUTE;
const TO = Date.UTC(2029, 0, 1) / MINUTE;
/** `cron` takes its time. */
const STEPS = 3;
/** From before a change of a clock until long after it. */
const NEAR = 4 * HOUR;
const FAR = 6 * HOUR;
const CLOCKS = new Map(ZONES.map((zone) => [zone, new WallClock(zone, FROM, TO)]));
const CHANGES = new Map([...CLOCKS].map(([zone, clock]) => [zone, clock.changes().map((at) => at * MINUTE)]));

const LISTED = [
  '0 9 */1 * 1-5',
  '0 9 1-31 * 1-5',
  '0 9 1-15,16-31 * 1-5',
  '0 9 1/1 * MON-FRI',
  '0 9 1 * 0-6',
  '0 9 1 * */1',
  '0 9 1 * 1-7',
  '0 9 13 * 0/1',
  '0 9 13 * sun-sat',
  '0 9 1-30 * 1-5',
  '0 9 * * 1/2',
  '0 9 * * 1/3',
  '0 9 * * 2/5',
  '0 9 * * 1/100',
  '0 9 * * 5-7',
  '0 9 * * 7',
  '0 9 * * Mon,wed/2',
  '0 9 * JAN-jun/2 *',
  '*/90 * * * *',
  '5/90 * * * *',
  '0 */24 * * *',
  '0 */48 * * *',
  '0 0 */32 * *',
  '0 0 */31 * 1',
  '0 0 1 */13 *',
  '*/61 0 12 * * *',
  '*,5 2 * * *',
  '0-59 0-23 * * *',
  '30 0-23 * * *',
  '007 08 * * *',
  '0 0 29 2 *',
  '@MINUTELY',
  '@Weekdays',
  '@weekends',
  '@DAILY',
  '@Yearly',
  '@secondly',
];

it.each(ZONES)(
  'listed expressions are due in %s when they are for `cron`',
  (zone) => {
    for (const expression of LISTED) compare(expression, zone, Date.parse('2026-01-30T22:58:59.700Z'));
  },
  300_000,
);

it('the members of CronExpression are due when they are for `cron`', () => {
  for (const expression of Object.values(CronExpression))
    compare(expression, 'Asia/Kathmandu', Date.UTC(2026, 6, 4, 11));
}, 300_000);

it.each(ZONES)(
  'any expression that `cron` takes is due in %s when it is for `cron`',
  (zone) => {
    const start = fc.integer({ min: Date.UTC(2026, 0, 2), max: Date.UTC(2027, 10, 1) });
    let compared = 0;
    fc.assert(
      fc.property(expressions(), start, (expression, from) => {
        compared += compare(expression, zone, from);
      }),
      { numRuns: 20 },
    );
    expect(compared).toBeGreaterThan(20);
  },
  300_000,
);

it.each(ZONES.filter((zone) => CHANGES.get(zone)?.length))(
  'expressions that `cron` takes go by the rule of the guide in %s when the clock changes',
  (zone) => {
    const changes = CHANGES.get(zone) ?? [];
    const byMinute = expressions(fc.constant('0'), fc.constantFrom('*', '1-31', '*/2', '7/7,28/1'));
    const change = fc.constantFrom(...changes.filter((at) => at < Date.UTC(2027, 11, 1)));
    const listed = LISTED.filter((expression) => isByMinute(new CronTime(expression)));
    for (const expression of listed) for (const at of changes) follow(expression, zone, at);
    fc.assert(
      fc.property(byMinute, change, (expression, at) => follow(expression, zone, at)),
      { numRuns: 15 },
    );
  },
  300_000,
);

it.each([-5_999, -90, -30, 0, 330, 900, 5_999])('an offset of %d minutes is taken as by `cron`', (utcOffset) => {
  const ours = instantsOf({ expression: '15 3 * * 1/2', utcOffset }, 'a test');
  const cron = new CronTime('15 3 * * 1/2', null, utcOffset);
  const [theirs] = cron.sendAt(1);
  expect(theirs && ours.next(theirs.toMillis() - 1)).toBe(theirs?.toMillis());
});

/** Follows both for some instants. Returns how many could be compared. */
function compare(expression: string, zone: string, start: number): number {
  const cron = new CronTime(expression, zone);
  const theirsAfter = (after: number): number | undefined => {
    try {
      return cron.getNextDateFrom(new Date(after), zone).toMillis();
    } catch {
      return undefined; // within eight years
    }
  };
  if (theirsAfter(start) === undefined) {
    expect([expression, refusal(expression, zone)]).toEqual([expression, 'INVALID_CRON']);
    return 0;
  }
  const ours = instantsOf({ expression, timeZone: zone }, expression);
  let compared = 0;
  for (let step = 0, after = start; step < STEPS && after < TO * MINUTE; step += 1) {
    const [here, there] = [ours.next(after) ?? 0, theirsAfter(after) ?? 0];
    if (Math.max(here, there) > TO * MINUTE) break; // the clock is not known so far ahead
    const change = CHANGES.get(zone)?.find((at) => [after, here, there].some((time) => Math.abs(time - at) < NEAR));
    if (change === undefined) {
      expect([expression, zone, shown(after), shown(here)]).toEqual([expression, zone, shown(after), shown(there)]);
      expect(ours.latest(here, 1)).toEqual([here]);
      compared += 1;
    }
    after = change === undefined ? here : Math.max(change + NEAR, Math.min(here, there));
  }
  return compared;
}

/** Follows the rule of the guide for some hours before and after a change. */
function follow(expression: string, zone: string, change: number): void {
  const [from, to] = [(change - FAR) / MINUTE, (change + FAR) / MINUTE];
  const due = CLOCKS.get(zone)?.due(patternOf(expression), [from, to]) ?? [];
  const wanted = due.map((minute) => shown(minute * MINUTE));
  const ours = refusal(expression, zone) ? undefined : instantsOf({ expression, timeZone: zone }, expression);
  expect([expression, zone, ...within(ours, from * MINUTE, to * MINUTE)]).toEqual([expression, zone, ...wanted]);
}

function within(instants: Instants | undefined, from: number, to: number): string[] {
  const found: string[] = [];
  for (let at = instants?.next(from - 1); at !== undefined && at < to; at = instants?.next(at)) found.push(shown(at));
  return found;
}

type Unit = 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek';

/** The numbers that `cron` has read from a field. */
function numbersOf(cron: CronTime, unit: Unit): Set<number> {
  const numbers = (cron as unknown as Record<Unit, Record<string, true>>)[unit];
  return new Set(Object.keys(numbers).map(Number));
}

function isByMinute(cron: CronTime): boolean {
  return [...numbersOf(cron, 'second')].join() === '0';
}

function patternOf(expression: string): Pattern {
  const cron = new CronTime(expression);
  const [minutes, hours, days] = [numbersOf(cron, 'minute'), numbersOf(cron, 'hour'), numbersOf(cron, 'dayOfMonth')];
  const [months, weekdays] = [numbersOf(cron, 'month'), numbersOf(cron, 'dayOfWeek')];
  const isDay = (date: Date): boolean => {
    const [byDay, byWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
    return days.size === 31 || weekdays.size === 7 ? byDay && byWeekday : byDay || byWeekday;
  };
  const times = expression.startsWith('@') ? /hour|minute|second/i : /[*/].* \S+ \S+ \S+$/;
  return {
    fixed: !times.test(expression),
    minutes: (minute) => minutes.has(minute),
    hours: (hour) => hours.has(hour),
    days: (date) => months.has(date.getUTCMonth() + 1) && isDay(date),
  };
}

function refusal(expression: string, timeZone: string): string | undefined {
  try {
    instantsOf({ expression, timeZone }, expression);
    return undefined;
  } catch (error) {
    return (error as NestworkError).code;
  }
}

const shown = (time: number): string => new Date(time).toISOString();

/** Expressions of `cron`: five fields, or six. */
function expressions(
  seconds: fc.Arbitrary<string | undefined> = fc.option(field(0, 59), { nil: undefined }),
  days: fc.Arbitrary<string> = field(1, 31),
): fc.Arbitrary<string> {
  const months = field(1, 12, ['JAN', 'Feb', 'mar', 'DEC']);
  const weekdays = field(0, 7, ['SUN', 'Mon', 'thu', 'SAT']);
  return fc
    .tuple(seconds, field(0, 59), field(0, 23), days, months, weekdays)
    .map((fields) => fields.filter((each) => each !== undefined).join(' '));
}

function field(low: number, high: number, names: readonly string[] = []): fc.Arbitrary<string> {
  const number = fc.integer({ min: low, max: high });
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.integer({ min: 1, max: 100 }));
  const start = fc.oneof(fc.constantFrom('*', `${low}-${high}`, ...names), number.map(String), range);
  const entry = fc.oneof(
    start,
    fc.tuple(start, step).map(([from, every]) => `${from}/${every}`),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('*') },
    { weight: 3, arbitrary: entry },
    { weight: 1, arbitrary: fc.array(entry, { minLength: 2, maxLength: 3 }).map((entries) => entries.join(',')) },
  );
}
