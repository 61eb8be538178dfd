/** Clock changes, in zones that change by an hour, by half an hour, at midnight, for Ramadan, or not at all. */
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { type Pattern as ClockPattern, DAY, type Span, WallClock } from '../support/wall-clock.js';

const ZONES = [
  'Europe/Paris',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Casablanca',
  'Pacific/Apia',
  'America/Santiago',
  'America/Nuuk',
  'America/Scoresbysund',
];
const MINUTE = 60_000;
const FROM = Date.UTC(2025, 0, 1) / MINUTE;
const TO = Date.UTC(2028, 0, 1) / MINUTE;

interface Pattern extends ClockPattern {
  readonly expression: string;
}

const always = (): boolean => true;
const among =
  (...values: number[]) =>
  (value: number): boolean =>
    values.includes(value);

const PATTERNS: readonly Pattern[] = [
  { expression: '30 2 * * *', fixed: true, minutes: among(30), hours: among(2), days: always },
  { expression: '30 23 * * *', fixed: true, minutes: among(30), hours: among(23), days: always },
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

function computed({ expression }: Pattern, timeZone: string, [from, to]: Span): number[] {
  const instants = instantsOf({ expression, timeZone }, 'a test');
  const due: number[] = [];
  for (let at = instants.next(from * MINUTE - 1); at !== undefined && at < to * MINUTE; at = instants.next(at)) {
    due.push(at / MINUTE);
  }
  return due;
}

const shown = (minutes: readonly number[]): string[] => minutes.map((at) => new Date(at * MINUTE).toISOString());

describe.each(ZONES)('three years in %s', (timeZone) => {
  const clock = new WallClock(timeZone, FROM, TO);
  // a week without a change, and two days around each change of the clock
  const spans: Span[] = [
    [FROM, FROM + 7 * DAY],
    ...clock.changes().map((change): Span => [change - DAY, change + DAY]),
  ];

  it.each(PATTERNS)(
    '$expression is due when the clock says so',
    (pattern) => {
      // a rare instant is looked for all the time
      for (const span of pattern.fixed ? [[FROM, TO] as const] : spans) {
        const wanted = clock.due(pattern, span);
        expect(wanted.length).toBeGreaterThan(0);
        expect(shown(computed(pattern, timeZone, span))).toEqual(shown(wanted));
      }
    },
    120_000,
  );
});

it.each(['America/Nuuk', 'America/Scoresbysund'])(
  '30 23 * * * is due once in %s when that hour is left out',
  (timeZone) => {
    const instants = instantsOf({ expression: '30 23 * * *', timeZone }, 'a test');
    const gap = Date.parse('2026-03-29T01:00:00Z');
    const [before, at = 0, after = 0] = [gap - DAY * MINUTE, instants.next(gap - 1), instants.next(gap)];
    expect(at).toBe(gap);
    expect(after).toBeGreaterThan(gap + 22 * 60 * MINUTE);
    expect(instants.latest(after - 1, 1)).toEqual([gap]);
    expect(instants.next(before)).toBeLessThanOrEqual(gap);
  },
);

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
