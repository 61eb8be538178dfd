import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import type { CronOptions, IntervalOptions } from '../../src/decorators/cron-options.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { Timeout } from '../../src/decorators/timeout.decorator.js';
import { declaredTasks } from '../../src/task/task-metadata.js';
import type { Duration } from '../../src/values/duration.js';

/** The definition that a decorator makes of `Reports.send`. */
function declared(decorator: MethodDecorator) {
  class Reports {
    @decorator
    send(): void {}
  }
  return declaredTasks(Reports)[0];
}

const cron = (options?: unknown, cronTime: unknown = '0 8 * * *') =>
  declared(Cron(cronTime as string, options as CronOptions));
const interval = (...all: unknown[]) => declared((Interval as (...all: unknown[]) => MethodDecorator)(...all));

const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

it('@Timeout() runs once at each release, after its delay', () => {
  expect(declared(Timeout('10s', { queue: 'bulk' }))).toMatchObject({
    name: 'Reports.send',
    queue: 'bulk',
    crons: [{ schedule: { only: 'release' }, atRelease: { delayMs: 10_000, runs: true } }],
  });
  expect(declared(Timeout('cache.warm', 500))).toMatchObject({
    name: 'cache.warm',
    crons: [{ atRelease: { delayMs: 500 } }],
  });
  expect(declared(Timeout('10s', { on: 'child', args: [7] }) as MethodDecorator)).toMatchObject({
    broadcast: 'child',
    afterStart: { delayMs: 10_000, payload: '[7]' },
    crons: [],
  });
  expect(() => declared(Timeout(1, { on: 'child', retries: 3 }))).toThrow('retries');
  expect(() => declared(Timeout('30d', { on: 'child' }))).toThrow('24 days');
  expect(() => declared(Timeout(1, { on: 'machine' } as object))).toThrow("Give 'cluster' or 'child'");
  expect(() => declared(Timeout(-1))).toThrow('@Timeout() on Reports.send');
  expect(() => declared(Timeout(1, { jitter: '1s' } as object))).toThrow('has the option `jitter`, and runs once');
  expect(() => declared(Timeout(1, { every: '1s' } as object))).toThrow('every');
});

describe('@Cron()', () => {
  it('makes a task of the default name, in the time zone of the process', () => {
    expect(cron()).toMatchObject({
      name: 'Reports.send',
      queue: undefined,
      crons: [
        {
          schedule: { expression: '0 8 * * *', timeZone: LOCAL_ZONE },
          missed: 'latest',
          thresholdMs: 10_000,
          overlap: 'allow',
          disabled: false,
        },
      ],
    });
  });

  it('takes the options of a task', () => {
    expect(cron({ name: 'digest', queue: 'bulk', retries: 3, hardTimeout: '1m' })).toMatchObject({
      name: 'digest',
      queue: 'bulk',
      policy: { retries: 3, hardTimeout: '1m' },
    });
  });

  it.each<[CronOptions, object]>([
    [{ timeZone: 'Europe/Paris' }, { schedule: { timeZone: 'Europe/Paris' } }],
    [{ utcOffset: -150 }, { schedule: { expression: '0 8 * * *', utcOffset: -150 } }],
    [{ utcOffset: 900 }, { schedule: { expression: '0 8 * * *', utcOffset: 900 } }],
    [{ timeZone: 'UTC+2' }, { schedule: { expression: '0 8 * * *', utcOffset: 120 } }],
    [{ timeZone: 'utc-02:30' }, { schedule: { expression: '0 8 * * *', utcOffset: -150 } }],
    [{ waitForCompletion: true }, { overlap: 'skip' }],
    [{ waitForCompletion: false }, { overlap: 'allow' }],
    [{ overlap: 'skip', waitForCompletion: true }, { overlap: 'skip' }],
    [{ disabled: true }, { disabled: true }],
    [{ threshold: 250 }, { missed: 'skip', thresholdMs: 250 }],
    [{ missed: 'skip' }, { missed: 'skip', thresholdMs: 10_000 }],
    [{ missed: 'all' }, { missed: 'all' }],
    [
      { startDate: new Date(1), endDate: new Date(2), jitter: '30s' },
      { schedule: { startAt: 1, endAt: 2, jitterMs: 30_000 } },
    ],
    [{ except: ['12-25'] }, { schedule: { except: ['12-25'] } }],
    [{ limit: 3 }, { limit: 3 }],
  ])('accepts %j', (options, definition) => {
    expect(cron(options)?.crons[0]).toMatchObject(definition);
  });

  it('accepts a Date for a single run', () => {
    const date = new Date('2030-01-01T00:00:00Z');
    expect(cron({}, date)?.crons[0]).toMatchObject({ schedule: { at: date.getTime() } });
  });

  it.each<[unknown, unknown, string]>([
    [{ unrefTimeout: true }, undefined, '`unrefTimeout` of @nestjs/schedule'],
    [{ timezone: 'UTC' }, undefined, 'has no option "timezone"'],
    [{ tz: 'UTC' }, undefined, 'Write `timeZone`.'],
    [{ every: 30_000 }, undefined, 'Write @Interval(every)'],
    [{ immediately: 1 }, undefined, '1 as `immediately`'],
    [{ startDate: '2027-01-01' }, undefined, "'2027-01-01' as `startDate`"],
    [{ endDate: new Date('never') }, undefined, 'as `endDate`'],
    [{ startDate: new Date(2), endDate: new Date(1) }, undefined, 'an `endDate` before its `startDate`'],
    [{ endDate: new Date() }, new Date(), 'a Date, and a first or last time'],
    [{ except: '2026-12-25' }, undefined, "'2026-12-25' as `except`"],
    [{ except: [12] }, undefined, 'as `except`'],
    [{ except: ['12-25'] }, new Date(), 'days to leave out'],
    [{ limit: 0 }, undefined, '0 as `limit`'],
    [{ limit: 1.5 }, undefined, '1.5 as `limit`'],
    [{ limit: '3' }, undefined, "'3' as `limit`"],
    [{ offset: '5m' }, undefined, 'has no option "offset"'],
    [{ timeZone: 'UTC', utcOffset: 0 }, undefined, '`timeZone` and `utcOffset`'],
    [{ timeZone: 7 }, undefined, '7 as `timeZone`'],
    [{ utcOffset: '+02:00' }, undefined, "'+02:00' as `utcOffset`"],
    [{ utcOffset: 6_000 }, undefined, '6000 as `utcOffset`'],
    [{ missed: 'some' }, undefined, "'some' as `missed`"],
    [{ overlap: true }, undefined, 'true as `overlap`'],
    [{ disabled: 'yes' }, undefined, "'yes' as `disabled`"],
    [{ waitForCompletion: 1 }, undefined, '1 as `waitForCompletion`'],
    [{ waitForCompletion: true, overlap: 'allow' }, undefined, 'contradict'],
    [{ threshold: 250, missed: 'all' }, undefined, '`threshold`'],
    [7, undefined, 'is not an object of options'],
    [{}, 7, '7 as cron time'],
    [{}, { toJSDate: () => new Date() }, '`.toJSDate()`'],
    [{}, new Date('never'), 'an invalid Date'],
    [{ timeZone: 'UTC' }, new Date(), 'a Date and a time zone'],
  ])('with %j is refused while the class is being defined', (options, cronTime, message) => {
    expect(() => cron(options, cronTime)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('@Cron() on Reports.send') }),
    );
    expect(() => cron(options, cronTime)).toThrow(message);
  });

  it('refuses an invalid duration', () => {
    expect(() => cron({ threshold: 'soon' })).toThrow(expect.objectContaining({ code: 'INVALID_DURATION' }));
  });
});

describe('@Interval()', () => {
  it.each<[unknown[], string, object]>([
    [[30_000], 'Reports.send', { schedule: { everyMs: 30_000 } }],
    [['30s'], 'Reports.send', { schedule: { everyMs: 30_000 } }],
    [['inbox.poll', 1_000], 'inbox.poll', { schedule: { everyMs: 1_000 } }],
    [['inbox.poll', '1m', { overlap: 'skip' }], 'inbox.poll', { overlap: 'skip' }],
    [['1h', { missed: 'all' }], 'Reports.send', { missed: 'all', schedule: { everyMs: 3_600_000 } }],
    [['1h', { offset: '5m' }], 'Reports.send', { schedule: { everyMs: 3_600_000, offsetMs: 300_000 } }],
    [['1m', { from: 'end' }], 'Reports.send', { overlap: 'skip', schedule: { everyMs: 60_000, from: 'end' } }],
    [['1h', { jitter: 50 }], 'Reports.send', { schedule: { everyMs: 3_600_000, jitterMs: 50 } }],
  ])('accepts %j', (all, name, definition) => {
    expect(interval(...all)).toMatchObject({ name, crons: [definition] });
  });

  it.each<[unknown[], string]>([
    [[99], 'INVALID_OPTION'],
    [['inbox.poll'], 'INVALID_DURATION'],
    [['1m', { timeZone: 'UTC' }], 'INVALID_OPTION'],
    [['1m', { offset: '1m' }], 'INVALID_OPTION'],
    [['1m', { offset: 'soon' }], 'INVALID_DURATION'],
    [['1m', { except: ['12-25'] }], 'INVALID_OPTION'],
    [['1m', { from: 'start' }], 'INVALID_OPTION'],
    [['1m', { from: 'end', offset: '1s' }], 'INVALID_OPTION'],
    [['1m', { from: 'end', overlap: 'allow' }], 'INVALID_OPTION'],
    [['1m', { from: 'end', waitForCompletion: false }], 'INVALID_OPTION'],
    [['1m', { from: 'end', missed: 'all' }], 'INVALID_OPTION'],
    [['1m', { from: 'end', threshold: 5 }], 'INVALID_OPTION'],
    [['my poll', 1_000], 'INVALID_NAME'],
  ])('with %j is refused', (all, code) => {
    expect(() => interval(...all)).toThrow(expect.objectContaining({ code }));
  });

  it('is typed', () => {
    const every: Duration = '30s';
    const options: IntervalOptions = { queue: 'bulk' };
    expect([Interval(every), Interval('name', every, options)]).toHaveLength(2);
    // @ts-expect-error an option of @nestjs/schedule that means nothing here
    expect(() => declared(Cron('* * * * *', { unrefTimeout: true }))).toThrow();
  });
});

it('a method that is a task twice, or has two schedules of one name, is refused', () => {
  for (const [first, second] of [
    [Task(), Task()],
    [Cron('0 8 * * *'), Interval('1m')],
    [Cron('0 8 * * *'), Broadcast()],
    [Broadcast(), Cron('0 8 * * *')],
  ] as [MethodDecorator, MethodDecorator][]) {
    expect(() => {
      class Reports {
        @first
        @second
        send(): void {}
      }
      return Reports;
    }).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('Reports.send') }));
  }
});
