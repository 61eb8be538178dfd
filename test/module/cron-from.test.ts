import { Injectable, Scope } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import type { CronSettings } from '../../src/decorators/cron-from.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class Settings {
  cronTime: unknown = '0 7 * * *';
}

/** The settings, with another answer. */
function answering(answer: unknown) {
  return { provide: Settings, useValue: { cronTime: answer } };
}

@Injectable()
class DigestTasks {
  static runs = 0;

  @Cron.from(Settings, ({ cronTime }) => cronTime as string | CronSettings, { retries: 3, timeZone: 'Europe/Paris' })
  digest(): void {
    DigestTasks.runs += 1;
  }

  @Interval('1h')
  poll(): void {}
}

async function boot(answer: unknown, crons?: boolean | string[]) {
  const module = apps.queue({ queues: ['default'], ...(crons !== undefined && { crons }) });
  return apps.boot({ imports: [module], providers: [DigestTasks, answering(answer)] });
}

async function cronOf(answer: unknown, crons?: boolean | string[]) {
  const app = await boot(answer, crons);
  return app
    .get(TaskRegistry, { strict: false })
    .all()
    .find(({ name }) => name === 'DigestTasks.digest')?.crons?.[0];
}

describe('a cron whose time a provider knows', () => {
  it('has the time that it returns, and the options of the decorator', async () => {
    expect(await cronOf('0 7 * * *')).toMatchObject({
      schedule: { expression: '0 7 * * *', timeZone: 'Europe/Paris' },
      disabled: false,
    });
  });

  it('has the options that it returns rather than those of the decorator', async () => {
    const answer: CronSettings = { cronTime: 'H(3-3) 7 * * *', timeZone: 'UTC', overlap: 'skip', except: ['12-25'] };
    expect(await cronOf(answer)).toMatchObject({
      schedule: { expression: '3 7 * * *', timeZone: 'UTC', except: ['12-25'] },
      overlap: 'skip',
    });
  });

  it('may be a Date', async () => {
    expect(await cronOf({ cronTime: new Date(5), timeZone: undefined, missed: 'all' })).toMatchObject({
      schedule: { at: 5 },
    });
  });

  it('is a task that can be sent while it is disabled and has no time', async () => {
    const app = await boot({ disabled: true });
    const [digest] = app.get(TaskRegistry, { strict: false }).all();
    expect(digest).toMatchObject({ name: 'DigestTasks.digest' });
    expect(digest).not.toHaveProperty('cron');
    DigestTasks.runs = 0;
    await app.get(QueueClient).of(DigestTasks).digest.delay();
    expect(await drainTasks(app)).toMatchObject([{ name: 'DigestTasks.digest', error: undefined }]);
    expect(DigestTasks.runs).toBe(1);
  });

  it.each<[string, unknown, string, string]>([
    ['no expression', '0 25 * * *', 'INVALID_CRON', '25 is no hour'],
    ['nothing', undefined, 'INVALID_CRON', 'returned undefined'],
    ['a number', 5, 'INVALID_CRON', 'returned 5'],
    ['a Promise', Promise.resolve('0 7 * * *'), 'INVALID_CRON', 'It cannot be waited for.'],
    ['no time', { timeZone: 'UTC' }, 'INVALID_OPTION', 'undefined as cron time'],
    ['an unknown option', { cronTime: '0 7 * * *', retries: 3 }, 'INVALID_OPTION', 'has no option "retries"'],
    ['a wrong option', { cronTime: '0 7 * * *', jitter: 'soon' }, 'INVALID_DURATION', 'jitter'],
  ])('is refused at the start when the provider returns %s', async (_of, answer, code, message) => {
    await expect(boot(answer)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/@Cron\.from\(\) on DigestTasks\.digest/),
    });
    await expect(boot(answer)).rejects.toThrow(message);
  });

  it('is refused when its function throws, with the reason', async () => {
    @Injectable()
    class BadTasks {
      @Cron.from(Settings, () => {
        throw new Error('no file');
      })
      run(): void {}
    }
    const module = { imports: [apps.queue({})], providers: [BadTasks, Settings] };
    await expect(apps.boot(module)).rejects.toMatchObject({ code: 'INVALID_CRON' });
    await expect(apps.boot(module)).rejects.toThrow('no file');
  });

  it('is refused when the app has no such provider, or one for each request', async () => {
    await expect(apps.boot({ imports: [apps.queue({})], providers: [DigestTasks] })).rejects.toMatchObject({
      code: 'INVALID_CRON',
      message: expect.stringContaining('asks Settings, which cannot be had'),
    });
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest extends Settings {}
    const providers = [DigestTasks, { provide: Settings, useClass: OfRequest, scope: Scope.REQUEST }];
    await expect(apps.boot({ imports: [apps.queue({})], providers })).rejects.toMatchObject({ code: 'INVALID_CRON' });
  });

  it('is refused while the class is being defined without a provider, a function, or with a wrong option', () => {
    const declare = (...all: unknown[]) => {
      class Reports {
        @((Cron.from as (...given: unknown[]) => MethodDecorator)(...all))
        send(): void {}
      }
      return Reports;
    };
    expect(() => declare(undefined, () => '')).toThrow('@Cron.from() on Reports.send got undefined as provider');
    expect(() => declare(Settings, '0 7 * * *')).toThrow('instead of a function');
    expect(() => declare(Settings, () => '', { tz: 'UTC' })).toThrow('Write `timeZone`.');
  });
});

describe('the option `crons`', () => {
  it.each<[boolean | string[], boolean]>([
    [true, false],
    [false, true],
    [['DigestTasks.*'], false],
    [['DigestTasks.poll'], true],
    [['*', '!*.digest'], true],
  ])('%j decides which crons this process fires', async (crons, disabled) => {
    expect(await cronOf('0 7 * * *', crons)).toMatchObject({ disabled });
  });

  it.each<[unknown, string]>([
    [['DigestTasks.digst'], 'Did you mean "DigestTasks.digest"?'],
    [[], 'Give true, false, or a list of names'],
    ['DigestTasks.*', "is 'DigestTasks.*'"],
    [[''], 'Give true, false'],
    [[5], 'Give true, false'],
  ])('%j is refused', async (crons, message) => {
    await expect(boot('0 7 * * *', crons as string[])).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(boot('0 7 * * *', crons as string[])).rejects.toThrow(message);
  });
});
