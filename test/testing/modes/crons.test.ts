/** Crons by the clock of a test: over clock changes, with their bounds, and asked for their next times. */
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Cron,
  CronManager,
  Interval,
  QueueClient,
  Task,
  TaskContext,
  TaskQueueModule,
  type TaskQueueOptions,
  Timeout,
} from '../../../src/index.js';
import { TaskQueueTestingModule, type TaskQueueTestingOptions, TestQueue } from '../../../src/testing/index.js';

const made: TestingModule[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((app) => app.close()));
});

/** An app with these tasks, whose clock begins at a time. */
async function start(
  tasks: Type<unknown>,
  now: string,
  { testing = {}, options = {} }: { testing?: Partial<TaskQueueTestingOptions>; options?: TaskQueueOptions } = {},
): Promise<{ app: TestingModule; queue: TestQueue; due: (cron: string) => string[] }> {
  due.length = 0;
  const clock = testing.mode === undefined || testing.mode === 'memory' ? { now: new Date(now) } : {};
  const app = await Test.createTestingModule({
    imports: [
      TaskQueueTestingModule.forRoot({ mode: 'memory', ...clock, ...testing }),
      TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1', ...options }),
    ],
    providers: [tasks],
  }).compile();
  await app.init();
  made.push(app);
  return { app, queue: app.get(TestQueue), due: (cron) => due.flatMap(([name, at]) => (name === cron ? [at] : [])) };
}

/** Each run, and the time for which it was fired. */
const due: [cron: string, at: string][] = [];

class Noting {
  constructor(private readonly context: TaskContext) {}

  protected note(): void {
    due.push([this.context.name, minuteOf(this.context.cronTime)]);
  }
}

function minuteOf(date: Date | undefined): string {
  return date?.toISOString().replace(':00.000Z', 'Z') ?? '';
}

interface Change {
  readonly zone: string;
  readonly change: string;
  readonly from: string;
  readonly until: string;
  readonly fixed: readonly [expression: string, ...due: string[]];
  readonly steps: readonly [expression: string, ...due: string[]];
}

const PARIS = 'Europe/Paris';
const NEW_YORK = 'America/New_York';
const LORD_HOWE = 'Australia/Lord_Howe';
const SANTIAGO = 'America/Santiago';
const CHANGES: readonly Change[] = [
  {
    zone: PARIS,
    change: 'spring: 02:00 is 03:00',
    from: '2027-03-27T12:00Z',
    until: '2027-03-29T12:00Z',
    fixed: ['30 2 * * *', '2027-03-28T01:00Z', '2027-03-29T00:30Z'],
    steps: ['*/20 2 * * *', '2027-03-29T00:00Z', '2027-03-29T00:20Z', '2027-03-29T00:40Z'],
  },
  {
    zone: PARIS,
    change: 'autumn: 03:00 is 02:00',
    from: '2027-10-30T12:00Z',
    until: '2027-11-01T01:15Z',
    fixed: ['10 2 * * *', '2027-10-31T00:10Z', '2027-11-01T01:10Z'],
    steps: [
      '*/30 2 * * *',
      ...['00:00', '00:30', '01:00', '01:30'].map((at) => `2027-10-31T${at}Z`),
      '2027-11-01T01:00Z',
    ],
  },
  {
    zone: NEW_YORK,
    change: 'spring: 02:00 is 03:00',
    from: '2027-03-13T12:00Z',
    until: '2027-03-15T12:00Z',
    fixed: ['30 2 * * *', '2027-03-14T07:00Z', '2027-03-15T06:30Z'],
    steps: ['*/20 2 * * *', '2027-03-15T06:00Z', '2027-03-15T06:20Z', '2027-03-15T06:40Z'],
  },
  {
    zone: NEW_YORK,
    change: 'autumn: 02:00 is 01:00',
    from: '2027-11-06T12:00Z',
    until: '2027-11-08T06:15Z',
    fixed: ['10 1 * * *', '2027-11-07T05:10Z', '2027-11-08T06:10Z'],
    steps: [
      '*/30 1 * * *',
      ...['05:00', '05:30', '06:00', '06:30'].map((at) => `2027-11-07T${at}Z`),
      '2027-11-08T06:00Z',
    ],
  },
  {
    zone: LORD_HOWE,
    change: 'spring: 02:00 is 02:30',
    from: '2027-10-02T00:00Z',
    until: '2027-10-03T15:20Z',
    fixed: ['15 2 * * *', '2027-10-02T15:30Z', '2027-10-03T15:15Z'],
    steps: ['*/15 2 * * *', '2027-10-02T15:30Z', '2027-10-02T15:45Z', '2027-10-03T15:00Z', '2027-10-03T15:15Z'],
  },
  {
    zone: LORD_HOWE,
    change: 'autumn: 02:00 is 01:30',
    from: '2027-04-03T00:00Z',
    until: '2027-04-04T14:35Z',
    fixed: ['45 1 * * *', '2027-04-03T14:45Z'],
    steps: [
      '*/15 1 * * *',
      ...['14:00', '14:15', '14:30', '14:45', '15:00', '15:15'].map((at) => `2027-04-03T${at}Z`),
      '2027-04-04T14:30Z',
    ],
  },
  {
    zone: SANTIAGO,
    change: 'spring: midnight is 01:00',
    from: '2027-09-04T12:00Z',
    until: '2027-09-06T12:00Z',
    fixed: ['0 0 * * *', '2027-09-05T04:00Z', '2027-09-06T03:00Z'],
    steps: ['*/30 0 * * *', '2027-09-06T03:00Z', '2027-09-06T03:30Z'],
  },
  {
    zone: SANTIAGO,
    change: 'autumn: midnight is 23:00',
    from: '2027-04-03T12:00Z',
    until: '2027-04-05T03:15Z',
    fixed: ['10 23 * * *', '2027-04-04T02:10Z', '2027-04-05T03:10Z'],
    steps: [
      '*/30 23 * * *',
      ...['02:00', '02:30', '03:00', '03:30'].map((at) => `2027-04-04T${at}Z`),
      '2027-04-05T03:00Z',
    ],
  },
];

describe.each(CHANGES)('advance() in $zone in $change', ({ zone, from, until, fixed, steps }) => {
  it.each([
    ['a fixed time, each day once', fixed],
    ['steps, by the clock', steps],
  ])('fires %s, and nextRuns() has known it', async (_, [expression, ...wanted]) => {
    @Injectable()
    class Clock extends Noting {
      @Cron(expression, { timeZone: zone })
      tick(): void {
        this.note();
      }
    }
    Reflect.defineMetadata('design:paramtypes', [TaskContext], Clock);
    const { queue, due } = await start(Clock, from);
    const next = queue.nextRuns('Clock.tick', { count: wanted.length });
    await queue.advance(new Date(until));
    expect(due('Clock.tick')).toEqual(wanted);
    expect(next.map(minuteOf)).toEqual(wanted);
    expect(queue.now).toEqual(new Date(until));
  });
});

@Injectable()
class Bounded extends Noting {
  @Cron('0 9 * * *', {
    timeZone: PARIS,
    startDate: new Date('2027-03-27T00:00Z'),
    endDate: new Date('2027-04-01T07:00Z'),
    except: ['03-30', '2027-03-31'],
  })
  daily(): void {
    this.note();
  }

  @Interval('1h', { offset: '5m', endDate: new Date('2027-03-26T14:05Z') })
  poll(): void {
    this.note();
  }

  @Cron('H H(1-4) * * *', { timeZone: 'UTC' })
  backup(): void {
    this.note();
  }

  @Cron('0 12 * * *', { timeZone: 'UTC', jitter: '50m' })
  spread(): void {
    this.note();
  }

  @Cron('30 6 * * *', { timeZone: 'UTC', disabled: true })
  never(): void {
    this.note();
  }
}
Reflect.defineMetadata('design:paramtypes', [TaskContext], Bounded);

const THURSDAY = '2027-03-25T12:30:00Z';

describe('a cron with bounds, in a test', () => {
  it('is due from startDate until endDate without the days of except, by its own clock', async () => {
    const { queue, due } = await start(Bounded, THURSDAY);
    await queue.advance('10d');
    const wanted = ['2027-03-27T08:00Z', '2027-03-28T07:00Z', '2027-03-29T07:00Z', '2027-04-01T07:00Z'];
    expect(due('Bounded.daily')).toEqual(wanted);
    expect(queue.nextRuns('Bounded.daily')).toEqual([]);
    expect(queue.nextRuns('Bounded.daily', { after: new Date(THURSDAY), count: 9 }).map(minuteOf)).toEqual(wanted);
  });

  it('that is an interval is due its offset after each multiple, the end included', async () => {
    const { queue, due } = await start(Bounded, '2027-03-26T12:05:00.001Z');
    await queue.advance('1d');
    expect(due('Bounded.poll')).toEqual(['2027-03-26T13:05Z', '2027-03-26T14:05Z']);
  });

  it('with H runs at its own minute each day, which nextRuns() names', async () => {
    const { queue, due } = await start(Bounded, THURSDAY);
    const next = queue.nextRuns(queue.of(Bounded).backup, { count: 3 });
    await queue.advance('3d');
    expect(due('Bounded.backup')).toEqual(next.map(minuteOf));
    expect(new Set(next.map((at) => at.getTime() % 86_400_000)).size).toBe(1);
    for (const at of next) expect([1, 2, 3, 4]).toContain(at.getUTCHours());
  });

  it('with a jitter runs later than its cronTime, each day by as much', async () => {
    const { queue, due } = await start(Bounded, THURSDAY);
    const [first, second] = queue.nextRuns('Bounded.spread', { count: 2 });
    expect(Number(second) - Number(first)).toBe(86_400_000);
    await queue.advance(first ?? 0);
    expect(due('Bounded.spread')).toEqual(['2027-03-26T12:00Z']);
    expect(Number(first) - Date.parse('2027-03-26T12:00Z')).toBeGreaterThan(0);
    expect(Number(first) - Date.parse('2027-03-26T12:00Z')).toBeLessThanOrEqual(50 * 60_000);
  });

  it('is run by runCron() outside of its bounds, too, and at the present time', async () => {
    const { queue, due } = await start(Bounded, THURSDAY);
    for (const cron of ['daily', 'poll', 'backup', 'spread', 'never']) {
      expect(await queue.runCron(`Bounded.${cron}`)).toMatchObject([{ outcome: 'done' }]);
      expect(due(`Bounded.${cron}`)).toEqual(['2027-03-25T12:30Z']);
    }
  });

  it.each<[string, TaskQueueOptions]>([
    ['crons: false', { crons: false }],
    ['a pattern of crons without it', { crons: ['*', '!Bounded.*'] }],
  ])('is not fired with %s, is run by runCron(), and has its next times', async (_, options) => {
    const { app, queue } = await start(Bounded, THURSDAY, { options });
    expect(await queue.advance('10d')).toEqual([]);
    expect(await queue.runCron('Bounded.daily')).toMatchObject([{ outcome: 'done' }]);
    expect(queue.nextRuns('Bounded.backup')).toHaveLength(1);
    const crons = app.get(CronManager, { strict: false });
    expect(await crons.get('Bounded.backup')).toMatchObject({ disabled: true, nextRun: undefined });
  });

  it('that is disabled is not fired, while others are', async () => {
    const { queue, due } = await start(Bounded, THURSDAY);
    await queue.advance('2d');
    expect(due('Bounded.never')).toEqual([]);
    expect(due('Bounded.backup')).toHaveLength(2);
  });
});

describe('CronManager in a test', () => {
  it('has the next times by the clock of the test, also when a cron is paused', async () => {
    const { app, queue } = await start(Bounded, THURSDAY);
    const crons = app.get(CronManager, { strict: false });
    const [next] = await crons.nextRuns('Bounded.daily', 1);
    expect([next]).toEqual(queue.nextRuns('Bounded.daily'));
    await crons.pause('Bounded.daily');
    expect(await crons.get('Bounded.daily')).toMatchObject({ paused: true, nextRun: undefined });
    expect(queue.nextRuns('Bounded.daily')).toEqual([next]);
  });
});

describe('nextRuns()', () => {
  it.each(['fake', 'inline'] as const)('works in the mode %s, by the schedule alone', async (mode) => {
    const { queue } = await start(Bounded, THURSDAY, { testing: { mode } });
    const [next] = queue.nextRuns(Bounded.prototype.daily, { after: new Date('2027-03-28T12:00Z') });
    expect(next).toEqual(new Date('2027-03-29T07:00Z'));
  });

  it.each([
    [{ count: 0 }, /`count` is 0/],
    [{ count: 1_001 }, /`count` is 1001/],
    [{ after: new Date(Number.NaN) }, /`after` of nextRuns\(\) is/],
    [{ from: new Date() }, /from/],
  ])('refuses %j', async (options, message) => {
    const { queue } = await start(Bounded, THURSDAY);
    expect(() => queue.nextRuns('Bounded.daily', options as never)).toThrow(message);
  });

  it('has those of each cron of a method, and needs a name where it has several', async () => {
    @Injectable()
    class Regions {
      @Cron('0 8 * * *', { name: 'eu', timeZone: PARIS })
      @Cron('0 8 * * *', { name: 'us', timeZone: NEW_YORK })
      report(): void {}
    }
    const { queue } = await start(Regions, THURSDAY);
    expect(queue.nextRuns('eu').map(minuteOf)).toEqual(['2027-03-26T07:00Z']);
    expect(queue.nextRuns('us').map(minuteOf)).toEqual(['2027-03-26T12:00Z']);
    expect(() => queue.nextRuns(queue.of(Regions).report)).toThrow('The task "Regions.report" has 2 crons');
  });

  it('names the crons of the app where there is none of that name', async () => {
    const { queue } = await start(Bounded, THURSDAY);
    expect(() => queue.nextRuns('Bounded.dayly')).toThrow(/Did you mean Bounded\.daily\?/);
  });
});

describe('the clock of a test', () => {
  it('begins at `now`, of which `setSystemTime` gets to know, and is moved to a Date', async () => {
    const moved: string[] = [];
    const setSystemTime = (now: Date): void => void moved.push(now.toISOString());
    const { queue } = await start(Bounded, THURSDAY, { testing: { setSystemTime } });
    expect(moved).toEqual(['2027-03-25T12:30:00.000Z']);
    await queue.advance(new Date('2027-03-25T12:31:00Z'), { idle: true });
    expect(moved.at(-1)).toBe('2027-03-25T12:31:00.000Z');
  });

  it('does not go back, and needs a valid Date', async () => {
    const { queue } = await start(Bounded, THURSDAY);
    const refused = { code: 'INVALID_OPTION' };
    await expect(queue.advance(new Date('2027-03-25T12:29:59Z'))).rejects.toMatchObject(refused);
    await expect(queue.advance(new Date(Number.NaN))).rejects.toMatchObject(refused);
    expect(queue.now).toEqual(new Date(THURSDAY));
  });

  it.each([
    [{ mode: 'inline', now: new Date() }, /`now` does not go with the mode 'inline'/],
    [{ mode: 'memory', now: '2027-03-25' }, /The `now` of TaskQueueTestingModule is "?'?2027-03-25/],
    [{ mode: 'memory', now: new Date(Number.NaN) }, /The `now` of TaskQueueTestingModule is/],
  ])('is refused with %j', (options, message) => {
    expect(() => TaskQueueTestingModule.forRoot(options as never)).toThrow(message);
  });
});

describe('a cron that was set at run time', () => {
  @Injectable()
  class TenantTasks {
    static sent: string[] = [];

    @Task({ result: '1m' })
    report(tenant: string): void {
      TenantTasks.sent.push(tenant);
    }
  }
  const setFor = async (app: TestingModule): Promise<void> => {
    const task = app.get(QueueClient).of(TenantTasks).report;
    await app.get(CronManager).set('tenant-7', { cron: '30 2 * * *', timeZone: 'Europe/Paris', task, args: ['7'] });
    TenantTasks.sent = [];
  };

  it('is due by the clock of the test, also over a clock change, until it is removed', async () => {
    const { app, queue } = await start(TenantTasks, '2027-03-27T12:00:00Z');
    await setFor(app);
    expect(queue.nextRuns('tenant-7', { count: 2 }).map((at) => at.toISOString())).toEqual([
      '2027-03-28T01:00:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
    expect(await queue.advance('12h')).toEqual([]);
    expect(await queue.advance('2d')).toMatchObject([{ name: 'TenantTasks.report' }, { name: 'TenantTasks.report' }]);
    expect(await app.get(CronManager).get('tenant-7')).toMatchObject({ declared: true, lastRun: { outcome: 'done' } });
    await app.get(CronManager).remove('tenant-7');
    expect(await queue.advance('2d')).toEqual([]);
    expect(TenantTasks.sent).toEqual(['7', '7']);
  });

  it('can be run by its name, and is forgotten by clear()', async () => {
    const { app, queue } = await start(TenantTasks, '2027-03-27T12:00:00Z');
    await setFor(app);
    expect(await queue.runCron('tenant-7')).toMatchObject([{ name: 'TenantTasks.report', outcome: 'done' }]);
    expect(TenantTasks.sent).toEqual(['7']);
    queue.clear();
    await expect(queue.runCron('tenant-7')).rejects.toMatchObject({ code: 'UNKNOWN_CRON' });
  });
});

describe('what runs after the start', () => {
  @Injectable()
  class StartTasks {
    static ran: string[] = [];

    @Timeout('10s')
    once(): void {
      StartTasks.ran.push('once');
    }

    @Timeout('20s', { on: 'child', args: ['each'] })
    each(kind: string): void {
      StartTasks.ran.push(kind);
    }
  }

  it('runs once, when its time comes', async () => {
    StartTasks.ran = [];
    const { queue } = await start(StartTasks, '2027-03-27T12:00:00Z');
    await queue.advance('9s');
    expect(StartTasks.ran).toEqual([]);
    await queue.advance('1s');
    expect(StartTasks.ran).toEqual(['once']);
    await queue.advance('1d');
    expect(StartTasks.ran).toEqual(['once', 'each']);
  });
});
