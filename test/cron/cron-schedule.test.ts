import type { CronSchedule } from '../../src/cron/cron-definition.js';
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { CronExpression } from '../../src/decorators/cron-expression.js';
import { NestworkError } from '../../src/errors.js';

const at = (text: string): number => Date.parse(text);
const shown = (time: number): string => new Date(time).toISOString();

/** The next so many instants after a time. */
function following(schedule: CronSchedule, after: string, count: number): string[] {
  const instants = instantsOf(schedule, 'a test');
  const found: number[] = [];
  for (let time: number | undefined = at(after); found.length < count; found.push(time)) {
    time = instants.next(time);
    if (time === undefined) break;
  }
  return found.map(shown);
}

describe('an expression', () => {
  it.each<[string, string, string[]]>([
    ['* * * * * *', '2026-01-01T00:00:00.400Z', ['2026-01-01T00:00:01.000Z', '2026-01-01T00:00:02.000Z']],
    ['5 4 * * *', '2026-01-01T04:05:00Z', ['2026-01-02T04:05:00.000Z']],
    ['5 4 * * *', '2026-01-01T04:04:59.999Z', ['2026-01-01T04:05:00.000Z']],
    ['0 30 9 * * MON-FRI', '2026-01-02T12:00:00Z', ['2026-01-05T09:30:00.000Z']],
    ['0 0/20 * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:20:00.000Z', '2026-01-01T00:40:00.000Z']],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00.000Z']],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00.000Z']],
    ['0 0 13 * 5', '2026-01-09T00:00:00Z', ['2026-01-13T00:00:00.000Z', '2026-01-16T00:00:00.000Z']],
    ['@daily', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00.000Z']],
    ['@minutely', '2026-01-01T00:00:00Z', ['2026-01-01T00:01:00.000Z']],
    ['@weekends', '2026-01-01T00:00:00Z', ['2026-01-03T00:00:00.000Z', '2026-01-04T00:00:00.000Z']],
  ])('%s after %s', (expression, after, wanted) => {
    expect(following({ expression, timeZone: 'UTC' }, after, wanted.length)).toEqual(wanted);
  });

  it('goes by its offset', () => {
    expect(following({ expression: '0 8 * * *', utcOffset: 330 }, '2026-01-01T00:00:00Z', 1)).toEqual([
      '2026-01-01T02:30:00.000Z',
    ]);
  });

  it.each<[string, string]>([
    ['^ * * * *', '^ is no minute (0-59)'],
    ['* * * * ^', '^ is no weekday'],
    ['60 * * * *', '60 is no minute (0-59)'],
    ['0 0,12,99 * * *', '99 is no hour (0-23)'],
    ['0 8  * * MOO', 'MOO is no weekday (0-7 or SUN-SAT'],
    ['0 60 8 * * *', '60 is no minute'],
    ['0 8 1,,2 * *', 'nothing is no day'],
    ['*/0 * * * *', '*/0 is no minute'],
    ['5-1 * * * *', '5-1 is no minute'],
    ['10:30 8 * * *', '10:30 is no minute'],
    ['* * * *', '4 fields instead of 5 or 6'],
    ['* * * * * * *', '7 fields instead of 5 or 6'],
    ['0 0 12 1 1 * 2027', 'For years give `startDate` and `endDate`.'],
    ['0 0 L-2 * *', 'L-2 is no day'],
    ['0 0 * * 5W', '5W is no weekday'],
    ['every day', '2 fields instead of 5 or 6'],
    ['@dayly', '@dayly is no alias'],
    ['', 'is empty'],
    ['0 0 30 2 *', 'never comes due'],
    ['0 0 31 4,6 *', 'never comes due'],
  ])('%j is refused, saying why and where', (expression, why) => {
    const message = messageOf(expression);
    expect(message).toContain('of @Cron() on A.b in C');
    expect(message).toContain(why);
    expect(message).toContain('. [INVALID_CRON]\n\nPotential solutions:\n');
  });

  it('that is a date is refused', () => {
    expect(messageOf('2026-01-01T00:00:00')).toContain('is a date');
  });

  it.each(['Mars/Phobos', '', 'UTC+2'])('in the zone %j is refused', (timeZone) => {
    expect(() => instantsOf({ expression: '* * * * *', timeZone }, '@Cron() on A.b in C')).toThrow(
      expect.objectContaining({
        code: 'INVALID_CRON',
        message: expect.stringContaining('@Cron() on A.b in C does not'),
      }),
    );
  });
});

describe('an interval', () => {
  it('is due at every multiple since 1970', () => {
    const instants = instantsOf({ everyMs: 250 }, 'a test');
    expect(instants.next(1_000)).toBe(1_250);
    expect(instants.next(1_249)).toBe(1_250);
    expect(instants.latest(1_250, 3)).toEqual([750, 1_000, 1_250]);
    expect(instants.latest(1_249, 1)).toEqual([1_000]);
  });
});

describe('a moment', () => {
  it('is due once', () => {
    const instants = instantsOf({ at: 5_000 }, 'a test');
    expect([instants.next(4_999), instants.next(5_000)]).toEqual([5_000, undefined]);
    expect([instants.latest(4_999, 3), instants.latest(5_000, 3)]).toEqual([[], [5_000]]);
  });
});

describe('bounds', () => {
  const daily = { expression: '0 8 * * *', timeZone: 'UTC' } as const;
  const [startAt, endAt] = [at('2026-01-02T08:00:00Z'), at('2026-01-03T08:00:00Z')];

  it('keep the times from the first to the last', () => {
    const schedule = { ...daily, startAt, endAt };
    expect(following(schedule, '2020-01-01T00:00:00Z', 5)).toEqual([
      '2026-01-02T08:00:00.000Z',
      '2026-01-03T08:00:00.000Z',
    ]);
    const instants = instantsOf(schedule, 'a test');
    expect(instants.latest(at('2030-01-01T00:00:00Z'), 5).map(shown)).toEqual([
      '2026-01-02T08:00:00.000Z',
      '2026-01-03T08:00:00.000Z',
    ]);
    expect(instants.latest(startAt - 1, 5)).toEqual([]);
  });

  it('hold for intervals, and for one time', () => {
    expect(following({ everyMs: 86_400_000, startAt, endAt }, '2020-01-01T00:00:00Z', 5)).toEqual([
      '2026-01-03T00:00:00.000Z',
    ]);
    expect(following({ at: startAt, endAt: startAt - 1 }, '2020-01-01T00:00:00Z', 5)).toEqual([]);
  });

  it('in the past leave a cron that is due no more', () => {
    expect(instantsOf({ ...daily, endAt: 0 }, 'a test').next(at('2026-01-01T00:00:00Z'))).toBeUndefined();
  });
});

describe('an interval with an offset', () => {
  it('is due so long after its multiples', () => {
    const schedule = { everyMs: 3_600_000, offsetMs: 300_000 };
    expect(following(schedule, '2026-01-01T00:05:00Z', 2)).toEqual([
      '2026-01-01T01:05:00.000Z',
      '2026-01-01T02:05:00.000Z',
    ]);
    expect(instantsOf(schedule, 'a test').latest(at('2026-01-01T00:04:59Z'), 1).map(shown)).toEqual([
      '2025-12-31T23:05:00.000Z',
    ]);
  });
});

describe('CronExpression', () => {
  it('has 83 members, each of which comes due', () => {
    const members = Object.values(CronExpression);
    expect(members).toHaveLength(83);
    for (const expression of members)
      expect(following({ expression, timeZone: 'UTC' }, '2026-01-01T00:00:00Z', 1)).toHaveLength(1);
  });
});

function messageOf(expression: string): string {
  try {
    instantsOf({ expression, timeZone: 'UTC' }, '@Cron() on A.b in C');
  } catch (error) {
    if (error instanceof NestworkError && error.code === 'INVALID_CRON') return error.message;
    throw error;
  }
  throw new Error(`${expression} was taken.`);
}
