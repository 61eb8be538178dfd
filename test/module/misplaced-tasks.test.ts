import {
  type CanActivate,
  Controller,
  Injectable,
  Module,
  type ModuleMetadata,
  type Provider,
  UseGuards,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import { TaskRegistry } from '../../src/task/task-registry.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function tasksOf(metadata: ModuleMetadata): Promise<string[]> {
  @Module(metadata)
  class ReportModule {}

  const app = await apps.boot({ imports: [apps.queue(), ReportModule] });
  return app
    .get(TaskRegistry, { strict: false })
    .all()
    .map(({ name }) => name);
}

function misplaced(message: RegExp) {
  return { code: 'TASK_CLASS_NOT_PROVIDED', message: expect.stringMatching(message) };
}

describe('in a controller', () => {
  it.each<[string, MethodDecorator]>([
    ['@Task', Task()],
    ['@Cron', Cron('0 8 * * *')],
    ['@Interval', Interval('1h')],
    ['@Broadcast', Broadcast()],
  ])('%s() is refused with class, method, module and remedy', async (written, decorator) => {
    @Controller()
    class ReportsController {
      @decorator
      digest(): void {}
    }
    const message = `^${written}\\(\\) on ReportsController\\.digest in ReportModule has no effect: ReportsController is a controller[\\s\\S]*- Move it to a class of its own`;
    await expect(tasksOf({ controllers: [ReportsController] })).rejects.toMatchObject(misplaced(new RegExp(message)));
  });

  it('@TaskHooks() is refused', async () => {
    @TaskHooks()
    @Controller()
    class ReportsController {
      onTaskStart(): void {}
    }
    await expect(tasksOf({ controllers: [ReportsController] })).rejects.toMatchObject(
      misplaced(/^@TaskHooks\(\) on ReportsController in ReportModule has no effect/),
    );
  });

  it('a task is accepted where the class, or the one it inherits from, is a provider as well', async () => {
    @Injectable()
    class ReportTasks {
      @Task()
      digest(): void {}
    }

    @Controller()
    class ReportsController extends ReportTasks {}

    expect(await tasksOf({ controllers: [ReportsController], providers: [ReportTasks] })).toEqual([
      'ReportTasks.digest',
    ]);
    await expect(tasksOf({ controllers: [ReportsController] })).rejects.toMatchObject(misplaced(/^@Task\(\) on/));
  });

  it('a task is accepted where the provider that it inherits from has inherited it, too', async () => {
    abstract class PeriodicTasks {
      @Task()
      digest(): void {}
    }

    @Injectable()
    class ReportTasks extends PeriodicTasks {}

    @Controller()
    class ReportsController extends ReportTasks {}

    @Controller()
    class OtherController extends PeriodicTasks {}

    const providers = [ReportTasks];
    expect(await tasksOf({ controllers: [ReportsController], providers })).toEqual(['ReportTasks.digest']);
    await expect(tasksOf({ controllers: [OtherController], providers })).rejects.toMatchObject(
      misplaced(/^@Task\(\) on OtherController\.digest/),
    );
  });

  it('a task is accepted where a test replaces the provider that it inherits from', async () => {
    @Injectable()
    class ReportTasks {
      @Task()
      digest(): void {}
    }

    @Controller()
    class ReportsController extends ReportTasks {}

    const providers = [{ provide: ReportTasks, useValue: {} }];
    expect(await tasksOf({ controllers: [ReportsController], providers })).toEqual([]);
  });
});

it('in a guard that is no provider a cron is refused', async () => {
  @Injectable()
  class QuotaGuard implements CanActivate {
    canActivate(): boolean {
      return true;
    }

    @Cron('0 0 * * *')
    reset(): void {}
  }

  @UseGuards(QuotaGuard)
  @Controller()
  class ReportsController {}

  const controllers = [ReportsController];
  await expect(tasksOf({ controllers })).rejects.toMatchObject(
    misplaced(/^@Cron\(\) on QuotaGuard\.reset in ReportModule has no effect: QuotaGuard is an enhancer/),
  );
  expect(await tasksOf({ controllers, providers: [QuotaGuard] })).toEqual(['QuotaGuard.reset']);
});

describe('a task class that a provider replaces by', () => {
  @Injectable()
  class MailTasks {
    @Task()
    welcome(): void {}
  }

  @Injectable()
  class LoudMailTasks extends MailTasks {}

  @Injectable()
  class OtherTasks {
    @Task()
    run(): void {}
  }

  async function clientOf(...providers: Provider[]): Promise<QueueClient> {
    const app = await apps.boot({ imports: [apps.queue()], providers: [OtherTasks, ...providers] });
    return app.get(QueueClient, { strict: false });
  }

  it.each<[string, unknown, string]>([
    ['a plain object', { welcome: () => {} }, 'gives a plain object'],
    ['nothing', undefined, 'gives a plain object'],
    ['an instance of another class', new (class FakeMail {})(), 'gives a FakeMail, which has no tasks'],
  ])('%s is warned of at the start, and of() names it', async (_what, useValue, text) => {
    const client = await clientOf({ provide: MailTasks, useValue });
    expect(apps.lines.with(`The provider MailTasks in RootTestModule ${text}`)).toHaveLength(1);
    expect(() => client.of(MailTasks)).toThrow(
      expect.objectContaining({
        code: 'TASK_CLASS_NOT_PROVIDED',
        message: expect.stringContaining(`MailTasks: its provider MailTasks in RootTestModule ${text}`),
      }),
    );
  });

  it('a mock by overrideProvider() is warned of as well', async () => {
    const app = await Test.createTestingModule({ imports: [apps.queue()], providers: [MailTasks, OtherTasks] })
      .overrideProvider(MailTasks)
      .useValue({})
      .setLogger(apps.lines)
      .compile();
    await app.init();
    try {
      const client = app.get(QueueClient, { strict: false });
      expect(() => client.of(MailTasks)).toThrow(
        /gives a plain object[\s\S]*In a test override what MailTasks injects/,
      );
      await client.of(OtherTasks).run.delay();
    } finally {
      await app.close();
    }
  });

  it.each<[string, Provider[]]>([
    ['a subclass', [{ provide: MailTasks, useClass: LoudMailTasks }]],
    ['a subclass by an alias', [LoudMailTasks, { provide: MailTasks, useExisting: LoudMailTasks }]],
  ])('%s has the tasks under its own name, and of() names it', async (_what, providers) => {
    const client = await clientOf(...providers);
    expect(apps.lines.with('The provider MailTasks')).toEqual([]);
    expect(() => client.of(MailTasks)).toThrow(
      /gives a LoudMailTasks, whose tasks are LoudMailTasks\.welcome[\s\S]*- Send those: queue\.of\(LoudMailTasks\)/,
    );
    await client.of(LoudMailTasks).welcome.delay();
  });

  it('a subclass beside it is named by of()', async () => {
    const client = await clientOf(LoudMailTasks);
    expect(() => client.of(MailTasks)).toThrow(/but LoudMailTasks, which extends it[\s\S]*queue\.of\(LoudMailTasks\)/);
  });

  it('an instance of it is accepted', async () => {
    const client = await clientOf({ provide: MailTasks, useFactory: () => new MailTasks() });
    await client.of(MailTasks).welcome.delay();
    expect(apps.lines.with('The provider')).toEqual([]);
  });
});
