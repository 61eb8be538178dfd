/** Schedules of Celery's beat: each row of the page, and cases at ends of months and changes of clocks. */
import { Cron, type CronOptions, Interval } from '../../../src/index.js';
import { closeApps, firedTimes, startCrons } from './cron-app.js';
import { due, testRows } from './rows.js';

afterEach(closeApps);

/** Friday. */
const NEW_YEAR = '2027-01-01T00:00:00Z';
const utc = (expression: string, options: CronOptions = {}) => Cron(expression, { timeZone: 'UTC', ...options });
const day = (text: string): string => `2027-01-${text}Z`;

testRows('migrate-from-celery.md', 'Schedules of beat', {
  '`crontab()`': () =>
    expect(due('* * * * *', NEW_YEAR, 3)).toEqual([day('01T00:01'), day('01T00:02'), day('01T00:03')]),
  '`crontab(minute=0, hour=0)`': () =>
    expect(due('0 0 * * *', NEW_YEAR, 2)).toEqual([day('02T00:00'), day('03T00:00')]),
  '`crontab(hour=8)`: each minute of that hour': () => {
    const found = due('* 8 * * *', NEW_YEAR, 61);
    expect([found[0], found[59], found[60]]).toEqual([day('01T08:00'), day('01T08:59'), day('02T08:00')]);
  },
  "`crontab(minute=0, hour='*/3')`": () => expect(hoursOf('0 */3 * * *')).toEqual([0, 3, 6, 9, 12, 15, 18, 21]),
  "`crontab(minute=0, hour='*/2,*/3')`": () =>
    expect(hoursOf('0 */2,*/3 * * *')).toEqual([0, 2, 3, 4, 6, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 22]),
  "`crontab(minute=0, hour='*/3,8-17')`": () =>
    expect(hoursOf('0 */3,8-17 * * *')).toEqual([0, 3, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21]),
  "`crontab(minute=0, hour='22-2')`, over the end": () => {
    expect(hoursOf('0 22-23,0-2 * * *')).toEqual([0, 1, 2, 22, 23]);
    expect(() => due('0 22-2 * * *', NEW_YEAR, 1)).toThrow('22-2 is no hour (0-23): write 22-23,0-2.');
    expect(() => due('0 0 * * fri-mon', NEW_YEAR, 1)).toThrow('write FRI-SAT,SUN-MON.');
    expect(() => due('0 0 * NOV-jan *', NEW_YEAR, 1)).toThrow('write NOV-DEC,JAN.');
  },
  "`crontab(day_of_week='sunday')`": () => {
    expect(due('* * * * SUN', NEW_YEAR, 1)).toEqual([day('03T00:00')]);
    expect(due('* * * * 7', NEW_YEAR, 1)).toEqual(due('* * * * 0', NEW_YEAR, 1));
    expect(() => due('* * * * sunday', NEW_YEAR, 1)).toThrow('sunday is no weekday (0-7 or SUN-SAT, 5#2 or 5L)');
  },
  "`crontab(minute='*/10', hour='3,17,22', day_of_week='thu,fri')`": () => {
    const found = due('*/10 3,17,22 * * THU,FRI', NEW_YEAR, 19);
    expect([found[0], found[5], found[6], found[17], found[18]]).toEqual(
      ['01T03:00', '01T03:50', '01T17:00', '01T22:50', '07T03:00'].map(day),
    );
  },
  "`crontab(0, 0, day_of_month='2-30/2')`": () =>
    expect(daysOf('0 0 2-30/2 * *')).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]),
  "`crontab(0, 0, day_of_month='1-7,15-21')`": () =>
    expect(daysOf('0 0 1-7,15-21 * *')).toEqual([1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 18, 19, 20, 21]),
  "`crontab(0, 0, day_of_month='31')`": () => {
    expect(due('0 0 31 * *', '2027-01-31T00:00:00Z', 3)).toEqual([
      '2027-03-31T00:00Z',
      '2027-05-31T00:00Z',
      '2027-07-31T00:00Z',
    ]);
    expect(due('0 0 L * *', '2027-01-31T00:00:00Z', 2)).toEqual(['2027-02-28T00:00Z', '2027-03-31T00:00Z']);
  },
  "`crontab(0, 0, day_of_month='29', month_of_year='2')`": () =>
    expect(due('0 0 29 2 *', NEW_YEAR, 2)).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z']),
  "`crontab(0, 0, month_of_year='*/3')`": () => {
    const months = due('0 0 * */3 *', '2026-12-31T12:00:00Z', 31 + 30 + 31 + 31).map((at) => Number(at.slice(5, 7)));
    expect([...new Set(months)]).toEqual([1, 4, 7, 10]);
  },
  "`crontab(0, 0, day_of_month='13', day_of_week='fri')`: both": () => {
    expect(due('0 0 13 * +FRI', NEW_YEAR, 2)).toEqual(['2027-08-13T00:00Z', '2028-10-13T00:00Z']);
    expect(due('0 0 13 * FRI', NEW_YEAR, 3)).toEqual(['08T00:00', '13T00:00', '15T00:00'].map(day));
  },
  "`crontab(0, 0, day_of_month='1-7', day_of_week='mon')`: both": () => {
    const first = ['2027-01-04T00:00Z', '2027-02-01T00:00Z', '2027-03-01T00:00Z', '2027-04-05T00:00Z'];
    expect(due('0 0 1-7 * +MON', NEW_YEAR, 4)).toEqual(first);
    expect(due('0 0 * * MON#1', NEW_YEAR, 4)).toEqual(first);
  },
  'a number or `timedelta` as schedule, `schedule(run_every)`': async () => {
    const { queue } = await startCrons('2027-01-01T12:00:10Z', { poll: Interval('10m') });
    await queue.advance('21m');
    expect(firedTimes('Jobs.poll')).toEqual([day('01T12:10'), day('01T12:20')]);
  },
  '`schedule(run_every, relative=True)`': async () => {
    const { queue } = await startCrons('2027-01-01T12:34:56Z', { poll: Interval('1h') });
    expect(queue.nextRuns('Jobs.poll')).toEqual([new Date(day('01T13:00'))]);
  },
  "`solar('sunset', lat, lon)`": async () => {
    // the daily cron sends the task of the day, at a time that it computes
    const { queue, client } = await startCrons('2027-01-01T02:59:00Z', {
      plan: Cron('0 3 * * *', { timeZone: 'UTC' }),
    });
    await queue.advance('1m');
    expect(firedTimes('Jobs.plan')).toEqual([day('01T03:00')]);
    await client
      .task('Jobs.byHand')
      .with({ eta: new Date(day('01T16:03')) })
      .delay('sunset');
    expect(await queue.advance(new Date(day('01T16:02')))).toEqual([]);
    expect(await queue.advance('1m')).toMatchObject([{ name: 'Jobs.byHand', args: ['sunset'] }]);
  },
  '`args`, `kwargs` of an entry': async () => {
    const digest = utc('0 8 * * *', { args: [16, { retry: true }] });
    const { queue } = await startCrons(NEW_YEAR, { digest });
    expect(await queue.advance('1d')).toMatchObject([{ args: [16, { retry: true }] }]);
  },
  'several entries for one task': async () => {
    const [east, west] = [utc('0 8 * * *', { name: 'east' }), utc('0 9 * * *', { name: 'west' })];
    const { crons, queue } = await startCrons(NEW_YEAR, { digest: [east, west] });
    expect(await crons.list()).toMatchObject([
      { name: 'east', task: 'Jobs.digest' },
      { name: 'west', task: 'Jobs.digest' },
    ]);
    expect(await queue.advance('1d')).toMatchObject([{ name: 'Jobs.digest' }, { name: 'Jobs.digest' }]);
  },
  '`options` of an entry: `queue`, `expires`': async () => {
    const options = { timeZone: 'UTC', queue: 'bulk', expires: '5m' } as const;
    const { queue, crons } = await startCrons(
      NEW_YEAR,
      { digest: Cron('0 8 * * *', options) },
      { queues: ['default', 'bulk'] },
    );
    expect(await crons.get('Jobs.digest')).toMatchObject({ queue: 'bulk' });
    expect(await queue.advance('1d')).toMatchObject([{ name: 'Jobs.digest', queue: 'bulk', outcome: 'done' }]);
  },
  '`timezone`, `enable_utc`': async () => {
    const { crons } = await startCrons(NEW_YEAR, {
      digest: Cron('0 8 * * *'),
      noon: Cron('0 12 * * *', { timeZone: 'UTC' }),
    });
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    expect(await crons.list()).toMatchObject([{ name: 'Jobs.digest', timeZone }, { timeZone: 'UTC' }]);
  },
  '`app.add_periodic_task()`, a `PeriodicTask` in the database': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, {});
    const task = client.task('Jobs.byHand').with({ expires: '5m' });
    await crons.set('add-every-10', { every: '10m', task, args: [16, 16] });
    await crons.set('monday', { cron: '30 7 * * MON', timeZone: 'Asia/Tokyo', task, args: ['happy'] });
    expect(await queue.advance('15m')).toMatchObject([{ args: [16, 16] }]);
    await crons.remove('add-every-10');
    expect(await queue.advance('7d')).toMatchObject([{ args: ['happy'] }]);
  },
  'a `PeriodicTask` that is deleted': async () => {
    const { queue, crons, client } = await startCrons(NEW_YEAR, {});
    await crons.set('add-every-10', { every: '10m', task: client.task('Jobs.byHand') });
    expect(await crons.remove('add-every-10')).toBe(true);
    expect(await queue.advance('1h')).toEqual([]);
    await expect(crons.get('add-every-10')).rejects.toMatchObject({ code: 'UNKNOWN_CRON' });
  },
  '`beat_schedule` from configuration': async () => {
    class Settings {
      readonly at = '15 6 * * *';
    }
    const digest = Cron.from(Settings, ({ at }) => ({ cronTime: at, timeZone: 'UTC' }));
    const { queue } = await startCrons(NEW_YEAR, { digest }, {}, [Settings]);
    expect(queue.nextRuns('Jobs.digest')).toEqual([new Date(day('01T06:15'))]);
  },
  '`beat_cron_starting_deadline`': async () => {
    const at = (options: CronOptions) => Cron('0 8 * * *', { timeZone: 'UTC', ...options });
    const { queue } = await startCrons('2027-01-01T07:00:00Z', {
      late: at({ missed: 'skip', threshold: '10m' }),
      made: at({}),
    });
    await queue.advance('1h', { idle: true });
    await queue.advance('11m', { idle: true });
    await queue.drain();
    expect([firedTimes('Jobs.late'), firedTimes('Jobs.made')]).toEqual([[], [day('01T08:00')]]);
  },
  '`schedule.remaining_estimate()`, `is_due()`': async () => {
    const { queue, crons } = await startCrons('2027-01-31T12:00:00Z', {
      last: Cron('0 0 31 * *', { timeZone: 'UTC' }),
    });
    const [next] = await crons.nextRuns('Jobs.last', 1);
    expect(Number(next) - Number(queue.now)).toBe(Date.parse('2027-03-31') - Date.parse('2027-01-31T12:00Z'));
  },
  'one process of beat': async () => {
    // two loops of one app at one time; the e2e tests have two machines
    const { queue } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    await queue.advance('8h');
    await Promise.all([queue.drain(), queue.drain()]);
    expect(firedTimes('Jobs.digest')).toEqual([day('01T08:00')]);
  },
  '`PeriodicTask` of django-celery-beat: `enabled`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    await crons.pause('Jobs.digest');
    expect(await queue.advance('2d')).toEqual([]);
    await crons.resume('Jobs.digest');
    expect(await queue.advance('1d')).toHaveLength(1);
  },
  'its `start_time`, `expires`': async () => {
    const bounds = { startDate: new Date(day('03T00:00')), endDate: new Date(day('04T23:00')) };
    const { queue } = await startCrons(NEW_YEAR, { digest: Cron('0 8 * * *', { timeZone: 'UTC', ...bounds }) });
    await queue.advance('9d');
    expect(firedTimes('Jobs.digest')).toEqual([day('03T08:00'), day('04T08:00')]);
  },
  'its `last_run_at`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { digest: utc('0 8 * * *') });
    expect(await crons.get('Jobs.digest')).toMatchObject({ lastFire: undefined, lastRun: undefined });
    await queue.advance('1d');
    const lastFire = new Date(day('01T08:00'));
    expect(await crons.get('Jobs.digest')).toMatchObject({ lastFire, lastRun: { outcome: 'done' } });
  },
  'its `one_off`': async () => {
    const { queue } = await startCrons('2027-01-01T12:34:56Z', { poll: Interval('1h', { limit: 1 }) });
    await queue.advance('1d');
    expect(firedTimes('Jobs.poll')).toEqual([day('01T13:00')]);
  },
  '`ClockedSchedule`': async () => {
    const { queue } = await startCrons(NEW_YEAR, { once: Cron(new Date(day('02T10:00'))) });
    await queue.advance('9d');
    expect(firedTimes('Jobs.once')).toEqual([day('02T10:00')]);
    expect(queue.nextRuns('Jobs.once')).toEqual([]);
  },
});

describe('the time that remains until the next run', () => {
  it.each<[string, string, string, string, string]>([
    ['on the last day of a month', '30 10 1 * *', '2027-01-31T11:00:00Z', '2027-02-01T10:30Z', 'UTC'],
    ['over the end of a year', '0 0 1 1 *', '2027-01-01T00:00:00Z', '2028-01-01T00:00Z', 'UTC'],
    ['within the same hour', '30,45 * * * *', '2027-06-01T12:31:00Z', '2027-06-01T12:45Z', 'UTC'],
    ['of the next day, when today has passed', '0 5 * * *', '2027-06-01T05:00:00Z', '2027-06-02T05:00Z', 'UTC'],
    ['of a day that February lacks', '0 0 30 * *', '2027-01-30T00:00:00Z', '2027-03-30T00:00Z', 'UTC'],
    ['of each third day, anew with each month', '0 0 */3 * *', '2027-01-31T00:00:00Z', '2027-02-01T00:00Z', 'UTC'],
    ['of a weekday in one month', '0 9 * 5 MON', '2027-05-31T09:00:00Z', '2028-05-01T09:00Z', 'UTC'],
    ['of a day in leap years that is a Tuesday', '0 0 29 2 +TUE', '2027-01-01T00:00:00Z', '2028-02-29T00:00Z', 'UTC'],
    [
      '23 hours on the day of the spring change',
      '0 9 * * *',
      '2027-03-13T15:00:00Z',
      '2027-03-14T14:00Z',
      'America/Chicago',
    ],
    [
      '25 hours on the day of the autumn change',
      '0 9 * * *',
      '2027-11-06T14:00:00Z',
      '2027-11-07T15:00Z',
      'America/Chicago',
    ],
    [
      'of a time before the change, unmoved',
      '0 1 * * *',
      '2027-03-13T07:00:00Z',
      '2027-03-14T07:00Z',
      'America/Chicago',
    ],
    [
      'of midnight on the day after the change',
      '0 0 * * *',
      '2027-03-14T06:00:00Z',
      '2027-03-15T05:00Z',
      'America/Chicago',
    ],
    ['of a weekly time over the change', '0 9 * * MON', '2027-03-22T08:00:00Z', '2027-03-29T07:00Z', 'Europe/Paris'],
    ['of a monthly time over the change', '0 9 15 * *', '2027-03-15T08:00:00Z', '2027-04-15T07:00Z', 'Europe/Paris'],
  ])('is right %s', (_, expression, from, next, zone) => {
    expect(due(expression, from, 1, zone)).toEqual([next]);
  });
});

function hoursOf(expression: string): number[] {
  const found = due(expression, '2026-12-31T23:59:00Z', 24).filter((at) => at.startsWith('2027-01-01'));
  return found.map((at) => Number(at.slice(11, 13)));
}

function daysOf(expression: string): number[] {
  const found = due(expression, '2026-12-31T23:59:00Z', 31).filter((at) => at.startsWith('2027-01'));
  return found.map((at) => Number(at.slice(8, 10)));
}
