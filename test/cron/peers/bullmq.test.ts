/** Job schedulers of BullMQ and repeatable jobs of Bull: each row of the page, and cases over changes of clocks. */
import { Cron, type CronListOptions, type CronOptions, Interval, type IntervalOptions } from '../../../src/index.js';
import { closeApps, firedTimes, startCrons } from './cron-app.js';
import { due, testRows } from './rows.js';

afterEach(closeApps);

/** Friday. */
const NEW_YEAR = '2027-01-01T00:00:00Z';
const day = (text: string): string => `2027-01-${text}Z`;
const utc = (expression: string, options: CronOptions = {}) => Cron(expression, { timeZone: 'UTC', ...options });

testRows('migrate-from-bullmq.md', 'Job schedulers', {
  '`upsertJobScheduler(id, { pattern })`, `repeat: { cron }`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, { digest: utc('15 9 * * *', { name: 'mail:digest' }) });
    const task = client.task('Jobs.byHand');
    await crons.set('tenant-7', { cron: '30 9 * * *', timeZone: 'UTC', task, args: [{ tenant: 7 }] });
    await queue.advance('2d');
    expect(firedTimes('mail:digest')).toEqual([day('01T09:15'), day('02T09:15')]);
    expect(firedTimes('Jobs.byHand')).toHaveLength(2);
    expect(await crons.get('tenant-7')).toMatchObject({ expression: '30 9 * * *', task: 'Jobs.byHand' });
  },
  'six fields, with seconds': () =>
    expect(due('*/20 * * * * *', NEW_YEAR, 3)).toEqual([
      '2027-01-01T00:00:20.000Z',
      '2027-01-01T00:00:40.000Z',
      day('01T00:01'),
    ]),
  'day and weekday: either': () => {
    expect(due('0 9 1-7 * MON', NEW_YEAR, 9)).toEqual(
      ['01T09:00', '02T09:00', '03T09:00', '04T09:00', '05T09:00', '06T09:00', '07T09:00', '11T09:00', '18T09:00'].map(
        day,
      ),
    );
    expect(due('0 9 1-7 * +MON', NEW_YEAR, 2)).toEqual([day('04T09:00'), '2027-02-01T09:00Z']);
  },
  '`L`, `5L`, `MON#1`': () => {
    expect(due('0 0 L * *', NEW_YEAR, 2)).toEqual([day('31T00:00'), '2027-02-28T00:00Z']);
    expect(due('0 0 * * 5L', NEW_YEAR, 2)).toEqual([day('29T00:00'), '2027-02-26T00:00Z']);
    expect(due('0 0 * * MON#1', NEW_YEAR, 2)).toEqual([day('04T00:00'), '2027-02-01T00:00Z']);
    expect(due('0 0 1W * *', NEW_YEAR, 5).at(-1)).toBe('2027-06-01T00:00Z');
  },
  '`tz`': async () => {
    const { crons, queue } = await startCrons(NEW_YEAR, { digest: Cron('0 9 * * *', { timeZone: 'Asia/Tokyo' }) });
    await queue.advance('1d');
    expect(firedTimes('Jobs.digest')).toEqual([day('02T00:00')]);
    expect(await crons.get('Jobs.digest')).toMatchObject({ timeZone: 'Asia/Tokyo' });
    expect(() => refusedOptions({ tz: 'Asia/Tokyo' })).toThrow('Write `timeZone`.');
  },
  '`utc: true`': () => {
    expect(due('0 9 * * *', '2027-06-01T00:00:00Z', 1, 'UTC')).toEqual(['2027-06-01T09:00Z']);
    expect(() => refusedOptions({ utc: true })).toThrow("Write `timeZone: 'UTC'`.");
  },
  '`every: 30_000`': async () => {
    const { queue } = await startCrons('2027-01-01T12:00:07Z', { poll: Interval(30_000) });
    await queue.advance('1m');
    expect(firedTimes('Jobs.poll')).toEqual(['2027-01-01T12:00:30.000Z', day('01T12:01')]);
    expect(() => Interval(99)({}, 'poll', descriptor())).toThrow('Give at least 100 ms');
    expect(() => refusedOptions({ every: 30_000 })).toThrow('Write @Interval(every)');
  },
  '`every` and `pattern` in one': () => {
    expect(() => refusedOptions({ pattern: '* * * * *' })).toThrow('Give the expression itself');
    const both = { pattern: '* * * * *' } as IntervalOptions;
    expect(() => Interval('30s', both)({}, 'poll', descriptor())).toThrow('Give the expression itself');
  },
  '`offset` of `every`': async () => {
    const { queue } = await startCrons('2027-01-01T12:00:00Z', { poll: Interval('1h', { offset: '15m' }) });
    await queue.advance('2h');
    expect(firedTimes('Jobs.poll')).toEqual([day('01T12:15'), day('01T13:15')]);
  },
  '`startDate`, `endDate`, as a date, text or number': async () => {
    const bounds = { startDate: new Date(day('02T10:00')), endDate: new Date(day('04T09:00')) };
    const { queue } = await startCrons(NEW_YEAR, {
      digest: utc('0 9 * * *', bounds),
      once: Cron(new Date(day('05T00:00'))),
    });
    await queue.advance('9d');
    expect(firedTimes('Jobs.digest')).toEqual([day('03T09:00'), day('04T09:00')]);
    expect(firedTimes('Jobs.once')).toEqual([day('05T00:00')]);
    expect(() => refusedOptions({ startDate: '2027-01-02' })).toThrow('Give a Date');
    expect(() => refusedOptions({ endDate: 1_798_761_600_000 })).toThrow('Give a Date');
    expect(() => refusedOptions({ startDate: new Date(2), endDate: new Date(1) })).toThrow('Swap them');
  },
  '`limit`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *', { limit: 2 }) });
    await queue.advance('9d');
    expect(firedTimes('Jobs.digest')).toEqual([day('01T09:00'), day('02T09:00')]);
    const set = (name: string, limit: number) =>
      crons.set(name, { cron: '0 10 * * *', timeZone: 'UTC', task: client.task('Jobs.byHand'), limit });
    await set('tenant-7', 2);
    await set('tenant-8', 2);
    expect(await queue.advance('9d')).toHaveLength(4);
    const given = { every: '1m', task: client.task('Jobs.byHand'), from: 'end' };
    await expect(crons.set('digest', given as never)).rejects.toThrow("from: 'end'");
  },
  '`immediately`': async () => {
    const { queue } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *', { immediately: true }) });
    await queue.advance('1d');
    expect(firedTimes('Jobs.digest')).toEqual([day('01T00:00'), day('01T09:00')]);
  },
  'a second `upsertJobScheduler(id, ...)`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, {});
    const task = client.task('Jobs.byHand');
    const set = (cron: string) => crons.set('digest', { cron, timeZone: 'UTC', task });
    const outcomes = [await set('0 9 * * *'), await set('0 9 * * *'), await set('0 10 * * *')];
    expect(new Set(outcomes.map(({ outcome }) => outcome)).size).toBe(3);
    expect(outcomes[1]).toMatchObject({ outcome: 'unchanged' });
    expect(await crons.nextRuns('digest', 1)).toEqual([new Date(day('01T10:00'))]);
    expect(await queue.advance('1d')).toHaveLength(1);
    // other times begin at the present: the one that has passed is not made up for
    await set('59 23 * * *');
    expect(await queue.drain()).toEqual([]);
  },
  'the template `name`, `data`, `opts`': async () => {
    const digest = utc('0 9 * * *', {
      retries: 2,
      backoff: '1s',
      queue: 'bulk',
      args: [{ weekly: true }, new Date(0)],
    });
    const { queue } = await startCrons(NEW_YEAR, { digest }, { queues: ['bulk'], defaultQueue: 'bulk' });
    const run = { name: 'Jobs.digest', queue: 'bulk', args: [{ weekly: true }, new Date(0)] };
    expect(await queue.advance('1d')).toMatchObject([run]);
  },
  '`removeJobScheduler(id)`, `removeRepeatable()`': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *') });
    await crons.set('tenant-7', { every: '1h', task: client.task('Jobs.byHand') });
    await crons.pause('Jobs.digest');
    expect(await crons.remove('tenant-7')).toBe(true);
    expect(await queue.advance('3d')).toEqual([]);
  },
  '`getJobScheduler(id)`': async () => {
    const { crons } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *') });
    expect(await crons.get('Jobs.digest')).toMatchObject({ nextRun: new Date(day('01T09:00')), timeZone: 'UTC' });
    await expect(crons.get('Jobs.other')).rejects.toMatchObject({ code: 'UNKNOWN_CRON' });
  },
  '`getJobSchedulers(start, end)`, `getRepeatableJobs()`': async () => {
    const { crons, client } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *') });
    for (const name of ['b', 'a', 'c'])
      await crons.set(`tenant-${name}`, { every: '30s', task: client.task('Jobs.byHand') });
    const names = async (options: CronListOptions) => (await crons.list(options)).map(({ name }) => name);
    expect(await names({})).toEqual(['Jobs.digest', 'tenant-a', 'tenant-b', 'tenant-c']);
    expect(await names({ prefix: 'tenant-', count: 2 })).toEqual(['tenant-a', 'tenant-b']);
    expect(await names({ prefix: 'tenant-', count: 2, after: 'tenant-b' })).toEqual(['tenant-c']);
  },
  '`getJobSchedulersCount()`': async () => {
    const { crons, client } = await startCrons(NEW_YEAR, { digest: utc('0 9 * * *') });
    await crons.set('tenant-7', { every: '30s', task: client.task('Jobs.byHand') });
    expect(await crons.count()).toBe(1);
  },
  '`settings.repeatStrategy`': async () => {
    const { queue } = await startCrons(NEW_YEAR, {
      digest: utc('0 9 * * 1-5', { except: ['2027-01-04', '01-06/01-07'] }),
    });
    await queue.advance('8d');
    expect(firedTimes('Jobs.digest')).toEqual([day('01T09:00'), day('05T09:00'), day('08T09:00')]);
  },
  'times while no worker was there: one run': async () => {
    const { queue } = await startCrons(NEW_YEAR, {
      digest: utc('0 9 * * *'),
      each: utc('0 9 * * *', { missed: 'all' }),
    });
    await queue.advance('3d', { idle: true });
    await queue.drain();
    expect(firedTimes('Jobs.digest')).toEqual([day('03T09:00')]);
    expect(firedTimes('Jobs.each')).toEqual(['01T09:00', '02T09:00', '03T09:00'].map(day));
  },
  'the next run waits until a worker has begun the last one': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, {
      one: utc('* * * * *', { overlap: 'skip', missed: 'all' }),
      all: utc('* * * * *', { missed: 'all' }),
    });
    await queue.advance('3m', { idle: true });
    await queue.drain();
    expect(firedTimes('Jobs.one')).toEqual([day('01T00:01')]);
    expect(firedTimes('Jobs.all')).toEqual(['01T00:01', '01T00:02', '01T00:03'].map(day));
    expect(await crons.get('Jobs.one')).toMatchObject({ skipped: 2 });
  },
});

describe('a pattern', () => {
  it.each<[string, string, string, string, readonly string[]]>([
    [
      'each day over the spring change',
      '0 9 * * *',
      'America/New_York',
      '2027-03-13T00:00:00Z',
      ['2027-03-13T14:00Z', '2027-03-14T13:00Z'],
    ],
    [
      'each day over the autumn change',
      '0 9 * * *',
      'America/New_York',
      '2027-11-06T00:00:00Z',
      ['2027-11-06T13:00Z', '2027-11-07T14:00Z'],
    ],
    [
      'in the hour that spring skips',
      '30 2 * * *',
      'America/New_York',
      '2027-03-13T12:00:00Z',
      ['2027-03-14T07:00Z', '2027-03-15T06:30Z'],
    ],
    [
      'in the hour that autumn repeats',
      '30 1 * * *',
      'America/New_York',
      '2027-11-06T12:00:00Z',
      ['2027-11-07T05:30Z', '2027-11-08T06:30Z'],
    ],
    [
      'each hour over the repeated hour',
      '0 * * * *',
      'Europe/Athens',
      '2027-10-30T23:30:00Z',
      ['2027-10-31T00:00Z', '2027-10-31T01:00Z', '2027-10-31T02:00Z'],
    ],
    [
      'every 15 minutes over the gap',
      '*/15 * * * *',
      'Europe/Athens',
      '2027-03-28T00:40:00Z',
      ['2027-03-28T00:45Z', '2027-03-28T01:00Z', '2027-03-28T01:15Z'],
    ],
    [
      'of one day in the month',
      '25 9 7 * *',
      'UTC',
      '2027-02-07T09:25:00Z',
      ['2027-03-07T09:25Z', '2027-04-07T09:25Z'],
    ],
    [
      'every two days, anew with each month',
      '0 1 */2 * *',
      'UTC',
      '2027-01-29T12:00:00Z',
      ['2027-01-31T01:00Z', '2027-02-01T01:00Z', '2027-02-03T01:00Z'],
    ],
    ['on weekdays', '0 5 * * 1-5', 'UTC', '2027-01-01T05:00:00Z', ['2027-01-04T05:00Z', '2027-01-05T05:00Z']],
    [
      'over the end of a leap February',
      '0 0 * * *',
      'UTC',
      '2028-02-28T00:00:00Z',
      ['2028-02-29T00:00Z', '2028-03-01T00:00Z'],
    ],
  ])('%s is due', (_, pattern, zone, after, times) => {
    expect(due(pattern, after, times.length, zone)).toEqual(times);
  });
});

function descriptor(): PropertyDescriptor {
  return { value: () => {}, writable: true, configurable: true };
}

/** Declares a cron with options that may not be there. */
function refusedOptions(options: object): void {
  class Jobs {}
  Cron('0 9 * * *', options as CronOptions)(Jobs.prototype, 'digest', descriptor());
}
