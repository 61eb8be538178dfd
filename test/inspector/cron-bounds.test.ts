import type { CronRecord } from '../../src/broker/port/broker.js';
import type { CronDeclaration, CronSchedule } from '../../src/cron/cron-definition.js';
import { cronDifference } from '../../src/cron/cron-difference.js';
import { boundsOf, nextOf } from '../../src/inspector/cron-bounds.js';
import { describeCron } from '../../src/inspector/cron-info.js';
import { scheduleOf, upcomingOf } from '../../src/inspector/cron-times.js';

const SCHEDULES: readonly CronSchedule[] = [
  { expression: '0 8 * * *', timeZone: 'Europe/Paris', except: ['12-25'], startAt: 1_000, endAt: 2_000, jitterMs: 7 },
  { expression: '0 8 * * *', utcOffset: 120, except: ['12-25'] },
  { everyMs: 3_600_000, offsetMs: 300_000, endAt: 2_000 },
  { at: 1_000, jitterMs: 7 },
  { everyMs: 3_600_000, from: 'end' },
];

function recordOf(schedule: CronSchedule): CronRecord {
  return {
    ...{ name: 'Inbox.poll', queue: 'default', schedule, missed: 'latest', thresholdMs: 0, overlap: 'allow' },
    ...{
      disabled: false,
      paused: false,
      declared: true,
      skipped: 0,
      missedTimes: 0,
      firedAt: undefined,
      lastRun: undefined,
    },
  } as CronRecord;
}

it.each(SCHEDULES)('a description has all of %j', (schedule) => {
  expect(scheduleOf(describeCron(recordOf(schedule), 0))).toEqual(schedule);
});

it('words name each bound', () => {
  const [daily, , hourly] = SCHEDULES.map((schedule) => boundsOf(describeCron(recordOf(schedule), 0)));
  expect(daily).toEqual([
    'without 12-25',
    'from 1970-01-01T00:00:01Z on',
    'until 1970-01-01T00:00:02Z',
    '7 ms later by its jitter',
  ]);
  expect(hourly).toEqual(['5 min after each multiple', 'until 1970-01-01T00:00:02Z']);
  expect(boundsOf({ from: 'end' })).toEqual(['from the end of the last run']);
  expect(boundsOf({ limit: 5, fires: 3 })).toEqual(['3 of 5 runs fired']);
  expect(boundsOf({ offsetMs: 5_000 })).toEqual(['5 s after each multiple']);
  expect(boundsOf({})).toEqual([]);
});

it.each<[CronSchedule, CronSchedule, string]>([
  [{ everyMs: 60 }, { everyMs: 60, offsetMs: 5 }, '5 ms after its multiples'],
  [{ everyMs: 60 }, { everyMs: 60, from: 'end' }, 'from the end of the last run'],
  [{ everyMs: 60 }, { everyMs: 60, startAt: 0 }, 'from 1970-01-01T00:00:00.000Z on'],
  [{ everyMs: 60 }, { everyMs: 60, endAt: 0 }, 'until 1970-01-01T00:00:00.000Z'],
  [{ everyMs: 60 }, { everyMs: 60, jitterMs: 5 }, '5 ms later'],
  [
    { expression: '* * * * *', timeZone: 'UTC' },
    { expression: '* * * * *', timeZone: 'UTC', except: ['12-25'] },
    'without 12-25',
  ],
])('workers that declare %j and %j differ', (one, other, words) => {
  const declared = (schedule: CronSchedule): CronDeclaration => recordOf(schedule) as CronDeclaration;
  const [, second] = cronDifference(declared(one), declared(other)) ?? [];
  expect(second).toContain(words);
  expect(cronDifference(declared(other), declared(other))).toBeUndefined();
});

it('a cron that only a release fires is due at one, unless it is stopped', () => {
  const cron = { nextRun: undefined, only: 'release', declared: true, paused: false, disabled: false } as const;
  expect(nextOf(cron)).toBe('at a release');
  for (const stopped of [{ declared: false }, { paused: true }, { disabled: true }]) {
    expect(nextOf({ ...cron, ...stopped })).toBeUndefined();
  }
});

it('a cron of which this process cannot compute its times has an unknown next run, and one that is not due again has none', () => {
  const nextRun = new Date('2026-11-30T08:00:00Z');
  expect(nextOf({ nextRun })).toBe(nextRun);
  expect(nextOf({ nextRun: undefined })).toBeUndefined();
  expect(nextOf({ nextRun: undefined, unreadable: 'The time zone does not exist.' })).toBe('unknown here');
});

describe('the next run of an interval from the end of its runs', () => {
  const hourly = { ...recordOf({ everyMs: 3_600_000, from: 'end' }), endedAt: 5_000 };

  it('is so long after the last end', () => {
    const cron = describeCron(hourly, 6_000);
    expect(cron.nextRun).toEqual(new Date(3_605_000));
    expect(upcomingOf(cron, { after: 6_000, count: 3 })).toEqual([cron.nextRun]);
  });

  it('is not before its first time, and none is after its last', () => {
    const late = { ...hourly, schedule: { ...hourly.schedule, startAt: 9_000_000 } };
    expect(describeCron(late, 6_000).nextRun).toEqual(new Date(9_000_000));
    expect(describeCron({ ...hourly, schedule: { ...hourly.schedule, endAt: 9_000 } }, 6_000).nextRun).toBeUndefined();
  });

  it('is not known while a run goes on', () => {
    const cron = describeCron({ ...hourly, endedAt: undefined } as unknown as CronRecord, 6_000);
    expect([cron.nextRun, upcomingOf(cron, { after: 6_000, count: 3 })]).toEqual([undefined, []]);
  });
});

it('a cron whose limit is reached is never due again', () => {
  const cron = describeCron({ ...recordOf({ everyMs: 1_000 }), limit: 3, fires: 3 }, 0);
  expect(cron).toMatchObject({ limit: 3, fires: 3, nextRun: undefined });
  expect(upcomingOf(cron, { after: 0, count: 3 })).toEqual([]);
  expect(upcomingOf({ ...cron, fires: 1 }, { after: 0, count: 3 })).toHaveLength(2);
});
