import { Injectable } from '@nestjs/common';
import type { Broker } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { cronsAmong } from '../../src/cron/cron-definition.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { declaredTasks } from '../../src/task/task-metadata.js';
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
class ReportTasks {
  static sent: unknown[] = [];

  @Task({ retries: 3, queue: 'bulk', limits: [{ name: 'region', concurrency: 1, key: (region: string) => region }] })
  @Cron('0 8 * * *', { name: 'reports.eu', args: ['eu', { full: true }], timeZone: 'Europe/Paris' })
  @Cron('0 20 * * *', { name: 'reports.us', args: ['us'], timeZone: 'America/New_York', overlap: 'skip' })
  send(region: 'eu' | 'us', options?: { full: boolean }): void {
    ReportTasks.sent.push([region, options]);
  }

  @Cron('0 3 * * *')
  @Interval('1h', { name: 'cleanup.hourly' })
  cleanup(): void {}
}

async function boot(providers = [ReportTasks]) {
  return apps.boot({ imports: [apps.queue({ queues: ['default', 'bulk'] })], providers });
}

function cronsOf(type: Parameters<typeof declaredTasks>[0], method: string) {
  return declaredTasks(type).find((task) => task.method === method);
}

describe('several schedules of one method', () => {
  it('are crons of one task, in the order in which they stand, each with its name and arguments', async () => {
    const app = await boot();
    const crons = cronsAmong(app.get(TaskRegistry, { strict: false }).all());
    expect(crons.map(({ name, task, queue, payload }) => ({ name, task, queue, payload }))).toEqual([
      { name: 'reports.eu', task: 'ReportTasks.send', queue: 'bulk', payload: '["eu",{"full":true}]' },
      { name: 'reports.us', task: 'ReportTasks.send', queue: 'bulk', payload: '["us"]' },
      { name: 'ReportTasks.cleanup', task: undefined, queue: 'default', payload: undefined },
      { name: 'cleanup.hourly', task: 'ReportTasks.cleanup', queue: 'default', payload: undefined },
    ]);
    const [eu, us] = crons.map(({ start }) => start?.labels[1]);
    expect([eu, us]).toEqual(['eu', 'us']);
  });

  it('are run with their arguments', async () => {
    const app = await boot();
    const broker = app.get<Broker>(BROKER, { strict: false });
    await broker.crons.declare(cronsAmong(app.get(TaskRegistry, { strict: false }).all()), 0);
    ReportTasks.sent = [];
    expect(await app.get(CronManager).runNow('reports.us')).toMatchObject({ name: 'reports.us', queue: 'bulk' });
    await app.get(CronManager).runNow('reports.eu');
    expect(await drainTasks(app)).toMatchObject([{ name: 'ReportTasks.send' }, { name: 'ReportTasks.send' }]);
    expect(ReportTasks.sent).toEqual([
      ['us', undefined],
      ['eu', { full: true }],
    ]);
    expect(await app.get(CronManager).get('reports.eu')).toMatchObject({ task: 'ReportTasks.send' });
  });

  it('leave the name of the task to @Task(), on either side of them', () => {
    class Above {
      @Task({ name: 'above' })
      @Cron('0 8 * * *', { name: 'cron' })
      send(): void {}
    }
    class Below {
      @Cron('0 8 * * *', { name: 'cron' })
      @Task({ name: 'below' })
      send(): void {}
    }
    class Without {
      @Cron('0 8 * * *', { name: 'first' })
      @Cron('0 9 * * *', { name: 'second' })
      send(): void {}
    }
    const named = [Above, Below, Without].map((type) => cronsOf(type, 'send'));
    expect(named.map((task) => task?.name)).toEqual(['above', 'below', 'Without.send']);
    expect(named.map((task) => task?.crons.map(({ name }) => name))).toEqual([['cron'], ['cron'], ['first', 'second']]);
  });

  it.each<[string, () => unknown, string]>([
    [
      'without names',
      () => {
        class Reports {
          @Cron('0 8 * * *')
          @Cron('0 9 * * *')
          send(): void {}
        }
        return Reports;
      },
      '@Cron() on Reports.send is the second schedule of its method without a name',
    ],
    [
      'with one name',
      () => {
        class Reports {
          @Cron('0 8 * * *', { name: 'a' })
          @Interval('1h', { name: 'a' })
          send(): void {}
        }
        return Reports;
      },
      "@Cron() on Reports.send is the second schedule of its method with the name 'a'",
    ],
    [
      'with options of the task',
      () => {
        class Reports {
          @Cron('0 8 * * *', { name: 'a' })
          @Cron('0 9 * * *', { name: 'b', retries: 3 })
          send(): void {}
        }
        return Reports;
      },
      '@Cron() on Reports.send has the option `retries`, and the method has a second decorator',
    ],
    [
      'beside a broadcast',
      () => {
        class Reports {
          @Cron('0 8 * * *', { name: 'a' })
          @Broadcast()
          send(): void {}
        }
        return Reports;
      },
      'Reports.send has both @Broadcast() and @Cron()',
    ],
    [
      'with arguments that are no list',
      () => {
        class Reports {
          @Cron('0 8 * * *', { args: 'eu' as unknown as unknown[] })
          send(_region: string): void {}
        }
        return Reports;
      },
      "@Cron() on Reports.send has 'eu' as `args`",
    ],
    [
      'with arguments that cannot be carried',
      () => {
        class Reports {
          @Cron('0 8 * * *', { args: [() => 1] as unknown[] })
          send(_call: () => number): void {}
        }
        return Reports;
      },
      '`args` of @Cron() on Reports.send[0] cannot be sent to a worker: it is a function',
    ],
  ])('%s are refused', (_, define, message) => {
    expect(define).toThrow(message);
  });

  it('of two methods with one name are refused, with both places', async () => {
    @Injectable()
    class MailTasks {
      @Task()
      @Cron('0 8 * * *', { name: 'reports.eu' })
      digest(): void {}
    }
    await expect(boot([ReportTasks, MailTasks as never])).rejects.toMatchObject({
      code: 'DUPLICATE_CRON',
      message: expect.stringContaining('"reports.eu": on ReportTasks.send in'),
    });
  });

  it('of one method are refused where one is named like the task, whose name another has without one', async () => {
    @Injectable()
    class MailTasks {
      @Task({ name: 'mail' })
      @Cron('0 8 * * *', { name: 'mail' })
      @Cron('0 9 * * *')
      digest(): void {}
    }
    await expect(boot([MailTasks as never])).rejects.toMatchObject({
      code: 'DUPLICATE_CRON',
      message: expect.stringContaining('"mail": on MailTasks.digest in'),
    });
  });
});
