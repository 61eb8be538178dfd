/** What behaves otherwise than in `@nestjs/schedule`: each row of the page. */
import { Controller, type DynamicModule, Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Cron, CronManager, type CronOptions, Interval, TaskContext, TaskQueueModule } from '../../../src/index.js';
import { RedisServer, TaskQueueTestingModule } from '../../../src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { closeApps, firedTimes, startCrons } from './cron-app.js';
import { testRows } from './rows.js';

afterEach(closeApps);

/** Friday. */
const NEW_YEAR = '2027-01-01T00:00:00Z';
const day = (text: string): string => `2027-01-${text}Z`;
const utc = (expression: string, options: CronOptions = {}) => Cron(expression, { timeZone: 'UTC', ...options });

/** An app like that of a user, with or without a worker in its process. */
async function appOn(redis: RedisServer, inProcess: boolean, tasks: Type<unknown>): Promise<TestingModule> {
  const module: DynamicModule = TaskQueueModule.forRoot({ redis: redis.url, inProcess });
  const app = await Test.createTestingModule({ imports: [module], providers: [tasks] }).compile();
  await app.init();
  return app;
}

testRows('migrate-from-schedule.md', 'What behaves differently', {
  'where it runs': async () => {
    const ran: object[] = [];
    @Injectable()
    class Ticks {
      @Cron('* * * * * *')
      tick(): void {
        ran.push(this);
      }
    }
    const redis = await RedisServer.start();
    const [sender, worker] = [await appOn(redis, false, Ticks), await appOn(redis, true, Ticks)];
    try {
      const declarers = () => sender.get(CronManager, { strict: false }).declarers('Ticks.tick');
      // the app without a worker fires nothing: the worker alone declares its crons
      await eventually(async () => expect(await declarers()).toHaveLength(1));
      await eventually(() => expect(ran.length).toBeGreaterThan(0));
      expect(ran.filter((instance) => instance !== worker.get(Ticks))).toEqual([]);
    } finally {
      await worker.close();
      await sender.close();
      await redis.stop();
    }
  },
  'several replicas': async () => {
    const times: number[] = [];
    @Injectable()
    class Ticks {
      constructor(private readonly context: TaskContext) {}

      @Cron('* * * * * *')
      tick(): void {
        times.push(this.context.cronTime?.getTime() ?? Number.NaN);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [TaskContext], Ticks);
    const redis = await RedisServer.start();
    const replicas = [await appOn(redis, true, Ticks), await appOn(redis, true, Ticks)];
    try {
      await eventually(() => expect(times.length).toBeGreaterThan(2));
    } finally {
      for (const replica of replicas) await replica.close();
      await redis.stop();
    }
    expect(new Set(times).size).toBe(times.length);
  },
  name: async () => {
    const { crons } = await startCrons(NEW_YEAR, {
      digest: utc('0 8 * * *'),
      named: utc('0 8 * * *', { name: 'mail:digest' }),
    });
    expect((await crons.list()).map(({ name }) => name)).toEqual(['Jobs.digest', 'mail:digest']);
    const long = utc('0 8 * * *', { name: 'a'.repeat(201) });
    expect(() => long(class {}.prototype, 'digest', method())).toThrow('INVALID_NAME');
  },
  'a time while the app was down': async () => {
    const { queue } = await startCrons(NEW_YEAR, {
      latest: utc('0 8 * * *'),
      none: utc('0 8 * * *', { missed: 'skip' }),
      all: utc('0 8 * * *', { missed: 'all' }),
    });
    await queue.advance('2d', { idle: true });
    await queue.drain();
    const fired = ['latest', 'none', 'all'].map((cron) => firedTimes(`Jobs.${cron}`));
    expect(fired).toEqual([[day('02T08:00')], [], [day('01T08:00'), day('02T08:00')]]);
  },
  '`threshold`': async () => {
    const { queue, crons } = await startCrons(day('01T07:59:00'), { digest: utc('0 8 * * *', { threshold: '30s' }) });
    expect(await crons.get('Jobs.digest')).toMatchObject({ missed: 'skip' });
    await queue.advance('90s', { idle: true });
    expect(await queue.drain()).toHaveLength(1);
    await queue.advance(new Date(day('02T08:00:31')), { idle: true });
    expect(await queue.drain()).toEqual([]);
  },
  '`waitForCompletion`': async () => {
    const { queue, crons } = await startCrons(NEW_YEAR, { poll: utc('* * * * *', { waitForCompletion: true }) });
    // a run that anything in the cluster has sent counts as well
    const [first, second] = [await crons.runNow('Jobs.poll'), await crons.runNow('Jobs.poll')];
    expect([first.added, second.added, second.id]).toEqual([true, false, first.id]);
    expect(await queue.drain()).toHaveLength(1);
  },
  'a method that throws': async () => {
    @Injectable()
    class Broken {
      @Cron('0 8 * * *', { timeZone: 'UTC', retries: 1, backoff: { type: 'fixed', delay: '1m' } })
      digest(): void {
        throw new RangeError('no luck');
      }
    }
    const { queue } = await startCrons(NEW_YEAR, {}, {}, [Broken]);
    const run = { name: 'Broken.digest' };
    expect(await queue.advance(new Date(day('01T08:00')))).toMatchObject([{ ...run, outcome: 'retried' }]);
    expect(await queue.advance('1m')).toMatchObject([{ ...run, attempt: 2, outcome: 'dead' }]);
  },
  '`@Interval(ms)`': async () => {
    const { queue } = await startCrons(day('01T00:00:59.999'), { poll: Interval(60_000) });
    await queue.advance(1);
    expect(firedTimes('Jobs.poll')).toEqual([day('01T00:01')]);
  },
  'a run longer than its interval': async () => {
    // no child is free for three minutes, as if one ran for so long
    const { queue, crons } = await startCrons(NEW_YEAR, {
      waiting: Interval('1m', { missed: 'all' }),
      left: Interval('1m', { missed: 'all', overlap: 'skip' }),
    });
    await queue.advance('3m', { idle: true });
    await queue.drain();
    expect([firedTimes('Jobs.waiting').length, firedTimes('Jobs.left').length]).toEqual([3, 1]);
    expect(await crons.get('Jobs.left')).toMatchObject({ skipped: 2 });
  },
  'a `Date` as cron time': async () => {
    const { queue } = await startCrons(NEW_YEAR, { past: Cron(new Date(0)), once: Cron(new Date(day('01T00:01'))) });
    expect(await queue.advance('1h')).toMatchObject([{ name: 'Jobs.once' }]);
  },
  controllers: async () => {
    @Controller()
    class Reports {
      @Cron('0 8 * * *')
      digest(): void {}
    }
    const testing = TaskQueueTestingModule.forRoot({ mode: 'memory' });
    const app = await Test.createTestingModule({ imports: [testing], controllers: [Reports] }).compile();
    await expect(app.init()).rejects.toMatchObject({ code: 'TASK_CLASS_NOT_PROVIDED' });
  },
});

function method(): PropertyDescriptor {
  return { value: () => {}, writable: true, configurable: true };
}
