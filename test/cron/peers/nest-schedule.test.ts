/** `@nestjs/schedule`: each row of the page. Expressions have a test of their own, cron-conformance.test.ts. */
import { jest } from '@jest/globals';
import { Injectable, type LoggerService, Scope } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CronTime } from 'cron';
import { Cron, CronExpression, type CronOptions, Interval, TaskQueueModule, Timeout } from '../../../src/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { classOf, closeApps, firedTimes, startCrons } from './cron-app.js';
import { due, testRows } from './rows.js';

afterEach(closeApps);

/** Friday. */
const NEW_YEAR = '2027-01-01T00:00:00Z';
const day = (text: string): string => `2027-01-${text}Z`;
const utc = (expression: string, options: CronOptions = {}) => Cron(expression, { timeZone: 'UTC', ...options });
const QUIET: LoggerService = { log: () => {}, warn: () => {}, error: () => {} };

testRows('migrate-from-schedule.md', 'What is called what', {
  '`ScheduleModule.forRoot()`, `forRootAsync()`': async () => {
    for (const module of [
      TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1' }),
      TaskQueueModule.forRootAsync({ useFactory: () => ({ redis: 'redis://127.0.0.1:1' }) }),
    ]) {
      const imports = [module, TaskQueueTestingModule.forRoot({ mode: 'memory', now: new Date(NEW_YEAR) })];
      const app = await Test.createTestingModule({
        imports,
        providers: [classOf({ digest: utc('0 8 * * *') })],
      }).compile();
      await app.init();
      expect(await app.get(TestQueue).advance('1d')).toMatchObject([{ name: 'Jobs.digest' }]);
      await app.close();
    }
  },
  '`forRoot({ cronJobs: false })`, `intervals`, `timeouts`': async () => {
    const decorators = { digest: utc('0 8 * * *'), poll: Interval('12h') };
    const none = await startCrons(NEW_YEAR, decorators, { crons: false });
    expect(await none.queue.advance('1d')).toEqual([]);
    const some = await startCrons(NEW_YEAR, decorators, { crons: ['*.digest'] });
    expect(await some.queue.advance('1d')).toMatchObject([{ name: 'Jobs.digest' }]);
    await expect(startCrons(NEW_YEAR, decorators, { cronJobs: false } as never)).rejects.toThrow('give `crons: false`');
  },
  "`@Cron('0 8 * * *')`, with five or six fields or an alias": () => {
    expect(due('0 8 * * *', NEW_YEAR, 1)).toEqual([day('01T08:00')]);
    expect(due('0 0 8 * * *', NEW_YEAR, 1)).toEqual([day('01T08:00')]);
    expect(due('@daily', NEW_YEAR, 1)).toEqual([day('02T00:00')]);
    expect(() => due('0 8 * *', NEW_YEAR, 1)).toThrow('it has 4 fields instead of 5 or 6');
  },
  '`CronExpression`': () => expect(Object.keys(CronExpression)).toHaveLength(83),
  '`@Cron(new Date(...))`': async () => {
    const { queue } = await startCrons(NEW_YEAR, { once: Cron(new Date(day('02T00:00'))), past: Cron(new Date(0)) });
    await queue.advance('9d');
    expect([firedTimes('Jobs.once'), firedTimes('Jobs.past')]).toEqual([[day('02T00:00')], []]);
  },
  '`@Cron(DateTime)` of Luxon': () => {
    const luxon = { toJSDate: () => new Date(0), toMillis: () => 0 };
    expect(() => declare(Cron(luxon as never))).toThrow('of a Luxon DateTime its `.toJSDate()`');
  },
  '`name`': async () => {
    const { queue } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *', { name: 'mail:digest' }) });
    expect(await queue.advance('1d')).toMatchObject([{ name: 'mail:digest' }]);
    expect(() => declare(utc('0 8 * * *', { name: 'my cron' }))).toThrow('my cron');
  },
  '`timeZone`': async () => {
    const { queue } = await startCrons('2027-06-30T12:00:00Z', {
      paris: Cron('0 8 * * *', { timeZone: 'Europe/Paris' }),
      offset: Cron('0 8 * * *', { timeZone: 'UTC+5' }),
    });
    expect(queue.nextRuns('Jobs.paris')).toEqual([new Date('2027-07-01T06:00Z')]);
    expect(queue.nextRuns('Jobs.offset')).toEqual([new Date('2027-07-01T03:00Z')]);
    await expect(startCrons(NEW_YEAR, { lost: Cron('0 8 * * *', { timeZone: 'Europe/Atlantis' }) })).rejects.toThrow(
      'The time zone "Europe/Atlantis" of @Cron() on Jobs.lost in RootTestModule does not exist.',
    );
  },
  '`utcOffset`': async () => {
    const { queue } = await startCrons(NEW_YEAR, { digest: Cron('0 8 * * *', { utcOffset: -150 }) });
    expect(queue.nextRuns('Jobs.digest')).toEqual([new Date(day('01T10:30'))]);
    expect(() => declare(utc('0 8 * * *', { utcOffset: 0 }))).toThrow('Give one of them.');
    expect(() => declare(Cron('0 8 * * *', { utcOffset: '+02:00' as never }))).toThrow('Give whole minutes');
  },
  '`disabled`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *', { disabled: true }) });
    expect(await queue.advance('2d')).toEqual([]);
    expect(await crons.get('Jobs.digest')).toMatchObject({ disabled: true, nextRun: undefined });
    expect(await queue.runCron('Jobs.digest')).toHaveLength(1);
  },
  '`waitForCompletion`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, {
      poll: utc('* * * * *', { waitForCompletion: true, missed: 'all' }),
    });
    await queue.advance('3m', { idle: true });
    await queue.drain();
    expect(firedTimes('Jobs.poll')).toEqual([day('01T00:01')]);
    expect(await crons.get('Jobs.poll')).toMatchObject({ overlap: 'skip', skipped: 2 });
    expect(() => declare(utc('* * * * *', { waitForCompletion: true, overlap: 'allow' }))).toThrow('contradict');
  },
  '`threshold`': async () => {
    const decorators = { soon: utc('0 8 * * *', { threshold: 250 }), patient: utc('0 8 * * *', { threshold: 60_000 }) };
    const { queue, crons } = await startCrons(day('01T07:59:59'), decorators);
    await queue.advance(1_251, { idle: true });
    await queue.drain();
    expect([firedTimes('Jobs.soon'), firedTimes('Jobs.patient')]).toEqual([[], [day('01T08:00')]]);
    expect(await crons.get('Jobs.soon')).toMatchObject({ missed: 'skip' });
    expect(() => declare(utc('0 8 * * *', { threshold: 250, missed: 'all' }))).toThrow('`threshold`');
  },
  '`initialDelay`': async () => {
    const poll = Interval('1m', { initialDelay: '90s' });
    const { queue } = await startCrons(day('01T00:00'), { poll });
    await queue.advance('3m');
    expect(firedTimes('Jobs.poll')).toEqual([day('01T00:02'), day('01T00:03')]);
  },
  '`unrefTimeout`': () =>
    expect(() => declare(utc('0 8 * * *', { unrefTimeout: true } as CronOptions))).toThrow(
      'the timer lives in the supervisor',
    ),
  '`@Interval(ms)`, `@Interval(name, ms)`': async () => {
    const { queue } = await startCrons(day('01T00:00:10'), {
      poll: Interval(30_000),
      named: Interval('inbox.poll', 60_000),
      late: Interval('1m', { offset: '15s' }),
    });
    await queue.advance('50s');
    expect(firedTimes('Jobs.poll')).toEqual(['2027-01-01T00:00:30.000Z', day('01T00:01')]);
    expect([firedTimes('inbox.poll'), firedTimes('Jobs.late')]).toEqual([
      [day('01T00:01')],
      ['2027-01-01T00:00:15.000Z'],
    ]);
  },
  '`@Timeout(ms)`, `@Timeout(name, ms)`': async () => {
    const { queue } = await startCrons(day('01T00:00'), { warm: Timeout(5_000), named: Timeout('cache.warm', 60_000) });
    await queue.advance('1d');
    expect(firedTimes('Jobs.warm')).toEqual(['2027-01-01T00:00:05.000Z']);
    expect(firedTimes('cache.warm')).toEqual([day('01T00:01')]);
  },
  'several decorators on one method': async () => {
    const [early, late] = [utc('0 8 * * *', { name: 'early', args: ['eu'] }), utc('0 20 * * *', { name: 'late' })];
    const { queue } = await startCrons(NEW_YEAR, { digest: [early, late] });
    const both = [
      { name: 'Jobs.digest', args: ['eu'] },
      { name: 'Jobs.digest', args: [] },
    ];
    expect(await queue.advance('1d')).toMatchObject(both);
    expect(queue.nextRuns('late')).toEqual([new Date(day('02T20:00'))]);
    await expect(startCrons(NEW_YEAR, { digest: [utc('0 8 * * *'), utc('0 20 * * *')] })).rejects.toThrow(
      'the second schedule of its method without a name',
    );
  },
  'request-scoped providers (warned of, never fired)': async () => {
    const made = jest.fn();
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      constructor() {
        made();
      }

      @Cron('0 8 * * *', { timeZone: 'UTC' })
      digest(): void {}
    }
    const testing = TaskQueueTestingModule.forRoot({ mode: 'memory', now: new Date(NEW_YEAR) });
    const app = await Test.createTestingModule({ imports: [testing], providers: [Scoped] })
      .setLogger(QUIET)
      .compile();
    await app.init();
    expect(await app.get(TestQueue).advance('2d')).toMatchObject([{ outcome: 'done' }, { outcome: 'done' }]);
    expect(made).toHaveBeenCalledTimes(2);
    await app.close();
  },
  '`registry.getCronJobs()`, `getIntervals()`, `getTimeouts()`': async () => {
    const { crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *'), poll: Interval('30s') });
    expect(await crons.list()).toMatchObject([{ name: 'Jobs.digest' }, { name: 'Jobs.poll' }]);
  },
  '`registry.getCronJob(name)`, `doesExist()`': async () => {
    const { crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    expect(await crons.get('Jobs.digest')).toMatchObject({ name: 'Jobs.digest' });
    await expect(crons.get('Jobs.dijest')).rejects.toThrow('Did you mean Jobs.digest?');
  },
  '`registry.addCronJob()`, `addInterval()`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, {});
    const task = client.task('Jobs.byHand');
    await crons.set('tenant-7.report', { cron: '0 8 * * *', timeZone: 'UTC', task, args: ['tenant-7'] });
    await crons.set('poll', { every: '12h', task });
    const runs = await queue.advance('1d');
    expect(runs.map(({ args }) => args)).toEqual([['tenant-7'], [], []]);
    await expect(crons.set('Jobs.report', { every: '12h', task })).rejects.toMatchObject({ code: 'CRON_NAME_TAKEN' });
  },
  '`registry.addTimeout()`': async () => {
    const { queue, client } = await startCrons(NEW_YEAR, {});
    await client.task('Jobs.byHand').with({ delay: '5s' }).delay(1);
    await client
      .task('Jobs.byHand')
      .with({ eta: new Date(day('01T00:01')) })
      .delay(2);
    expect(await queue.advance('5s')).toMatchObject([{ args: [1] }]);
    expect(await queue.advance('1m')).toMatchObject([{ args: [2] }]);
  },
  '`registry.deleteCronJob()`, `deleteInterval()`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    await crons.set('poll', { every: '12h', task: client.task('Jobs.byHand') });
    expect([await crons.remove('poll'), await crons.remove('poll')]).toEqual([true, false]);
    await expect(crons.remove('Jobs.digest')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await crons.pause('Jobs.digest');
    expect(await queue.advance('3d')).toEqual([]);
  },
  '`registry.deleteTimeout()`': async () => {
    const { queue, client } = await startCrons(NEW_YEAR, {});
    const handle = await client.task('Jobs.byHand').with({ delay: '5s' }).delay(1);
    await handle.cancel();
    expect(await queue.advance('1m')).toEqual([]);
  },
  '`job.stop()`, `job.start()`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    await crons.pause('Jobs.digest');
    expect(await queue.advance('2d')).toEqual([]);
    await crons.resume('Jobs.digest');
    expect(await queue.advance('1d')).toHaveLength(1);
    expect(firedTimes('Jobs.digest')).toEqual([day('03T08:00')]);
  },
  '`job.fireOnTick()`': async () => {
    const { queue, crons } = await startCrons(day('01T03:00'), { digest: utc('0 8 * * *') });
    expect(await crons.runNow('Jobs.digest')).toMatchObject({ added: true });
    await queue.drain();
    expect(firedTimes('Jobs.digest')).toEqual([day('01T03:00')]);
  },
  '`job.nextDate()`, `job.nextDates(n)`': async () => {
    const { crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    const [nextRun, second] = [new Date(day('01T08:00')), new Date(day('02T08:00'))];
    expect(await crons.get('Jobs.digest')).toMatchObject({ nextRun });
    expect(await crons.nextRuns('Jobs.digest', 2)).toEqual([nextRun, second]);
  },
  '`job.lastDate()`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    await queue.advance('1d');
    const lastFire = new Date(day('01T08:00'));
    expect(await crons.get('Jobs.digest')).toMatchObject({ lastFire, lastRun: { outcome: 'done', attempt: 1 } });
  },
  '`job.setTime(time)`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, {});
    const task = client.task('Jobs.byHand');
    await crons.set('report', { cron: '0 8 * * *', timeZone: 'UTC', task });
    await crons.set('report', { cron: '0 9 * * *', timeZone: 'UTC', task });
    expect(await crons.nextRuns('report', 1)).toEqual([new Date(day('01T09:00'))]);
    expect(await queue.advance('1d')).toHaveLength(1);
    class Settings {
      at = '0 8 * * *';
    }
    const settings = new Settings();
    const digest = Cron.from(Settings, ({ at }) => ({ cronTime: at, timeZone: 'UTC' }));
    const restart = () => startCrons(NEW_YEAR, { digest }, {}, [{ provide: Settings, useValue: settings }]);
    expect((await restart()).queue.nextRuns('Jobs.digest')).toEqual([new Date(day('01T08:00'))]);
    settings.at = '0 9 * * *';
    expect((await restart()).queue.nextRuns('Jobs.digest')).toEqual([new Date(day('01T09:00'))]);
  },
});

/** Times in Paris from one moment to another: those of `cron`, the package under `@nestjs/schedule`, and ours. */
function bothIn(
  span: readonly [from: string, until: string],
  expression: string,
): { theirs: string[]; ours: string[] } {
  const [from, until] = span;
  const cron = new CronTime(expression, 'Europe/Paris');
  const theirs: string[] = [];
  for (let at = new Date(from); ; ) {
    at = cron.getNextDateFrom(at, 'Europe/Paris').toJSDate();
    if (at >= new Date(until)) break;
    theirs.push(at.toISOString().slice(11, 16));
  }
  const ours = due(expression, from, 99, 'Europe/Paris').filter((at) => at < until);
  return { theirs, ours: ours.map((at) => at.slice(11, 16)) };
}

const MARCH = ['2026-03-29T00:00Z', '2026-03-29T02:00Z'] as const;
const OCTOBER = ['2026-10-24T23:59Z', '2026-10-25T03:00Z'] as const;

// the clock of Paris is an hour ahead of UTC in winter, and two in summer
testRows('migrate-from-schedule.md', 'When the clocks change', {
  '`*/20 2 * * *` in March': () => expect(bothIn(MARCH, '*/20 2 * * *')).toEqual({ theirs: ['01:00'], ours: [] }),
  '`30 * * * *` in March': () =>
    expect(bothIn(MARCH, '30 * * * *')).toEqual({ theirs: ['00:30', '01:00', '01:30'], ours: ['00:30', '01:30'] }),
  '`*/20 2 * * *` in October': () =>
    expect(bothIn(OCTOBER, '*/20 2 * * *')).toEqual({
      theirs: ['00:00', '00:20', '00:40'],
      ours: ['00:00', '00:20', '00:40', '01:00', '01:20', '01:40'],
    }),
  '`30 3 * * *` in October': () =>
    expect(bothIn(OCTOBER, '30 3 * * *')).toEqual({ theirs: ['01:30', '02:30'], ours: ['02:30'] }),
});

function method(): PropertyDescriptor {
  return { value: () => {}, writable: true, configurable: true };
}

function declare(decorator: MethodDecorator): void {
  class Jobs {}
  decorator(Jobs.prototype, 'digest', method());
}
