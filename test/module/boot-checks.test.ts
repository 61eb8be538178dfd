import { Injectable, Module } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

@Injectable()
class ReportTasks {
  @Task()
  send(): void {}
}

@Module({ providers: [ReportTasks] })
class ReportModule {}

@Module({ providers: [ReportTasks] })
class BillingModule {}

describe('importing forRoot', () => {
  it('twice is refused', async () => {
    @Module({ imports: [apps.queue()] })
    class FeatureModule {}

    await expect(apps.boot({ imports: [apps.queue(), FeatureModule] })).rejects.toMatchObject({
      code: 'DUPLICATE_MODULE',
      message: expect.stringMatching(/imported 2 times.*: in .*FeatureModule\./),
    });
  });

  it.each([
    ['the bare class in a feature module', TaskQueueModule],
    ['a factory that forgets to return', TaskQueueModule.forRootAsync({ useFactory: () => undefined as never })],
  ])('without options is refused with an example: %s', async (_what, imported) => {
    @Module({ imports: [imported] })
    class FeatureModule {}

    await expect(apps.boot({ imports: [FeatureModule] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/without options.*forRoot.*In other modules leave it out/s),
    });
  });

  it('once, in two places, is one module', async () => {
    const queue = apps.queue();

    @Module({ imports: [queue] })
    class FeatureModule {}

    const app = await apps.boot({ imports: [queue, FeatureModule, ReportModule] });
    await app.get(QueueClient, { strict: false }).of(ReportTasks).send.delay();
    expect(await apps.waiting()).toHaveLength(1);
  });
});

describe('two tasks of one name', () => {
  it('are refused, with both places in the error', async () => {
    @Injectable()
    class MailTasks {
      @Task({ name: 'ReportTasks.send' })
      deliver(): void {}
    }

    @Module({ providers: [MailTasks] })
    class MailModule {}

    await expect(apps.boot({ imports: [apps.queue(), ReportModule, MailModule] })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      message: expect.stringMatching(
        /"ReportTasks.send": ReportTasks.send in ReportModule and MailTasks.deliver in MailModule/,
      ),
    });
  });

  it('of one class in two modules are refused with the module that should provide it', async () => {
    await expect(apps.boot({ imports: [apps.queue(), ReportModule, BillingModule] })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      message: expect.stringMatching(
        /ReportTasks.send in ReportModule and ReportTasks.send in BillingModule, the same method found twice\.[\s\S]*keep it in ReportModule, and remove it from BillingModule[\s\S]*`exports` of ReportModule/,
      ),
    });
  });

  it('of one class under two tokens of a module are refused with the remedy', async () => {
    const providers = [ReportTasks, { provide: 'REPORTS', useClass: ReportTasks }];
    await expect(apps.boot({ imports: [apps.queue()], providers })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      message: expect.stringMatching(/the same method found twice[\s\S]*useExisting: ReportTasks/),
    });
  });

  it('are refused with the option of each decorator', async () => {
    @Injectable()
    class MailTasks {
      @Cron('0 8 * * *', { name: 'ReportTasks.send' })
      deliver(): void {}

      @Interval('ReportTasks.send', '1h')
      remind(): void {}
    }
    await expect(apps.boot({ imports: [apps.queue()], providers: [MailTasks] })).rejects.toMatchObject({
      code: 'DUPLICATE_TASK',
      message: expect.stringContaining('@Cron(cronTime, { name }) or @Interval(every, { name })'),
    });
  });
});

describe('a name', () => {
  it('of a queue that is not declared is refused, with class, method, module and the declared queues', async () => {
    @Injectable()
    class VideoTasks {
      @Task({ queue: 'vidoes' })
      encode(): void {}
    }

    @Module({ providers: [VideoTasks] })
    class VideoModule {}

    const queue = apps.queue({ queues: ['default', 'videos'] });
    await expect(apps.boot({ imports: [queue, VideoModule] })).rejects.toMatchObject({
      code: 'UNKNOWN_QUEUE',
      message: expect.stringMatching(/"vidoes".*VideoTasks\.encode in VideoModule[\s\S]*default, videos/),
    });
  });

  it('of a method that cannot be the name of a task is refused, and an explicit one is accepted', async () => {
    class Umlauts {
      @Task()
      größe(): void {}

      @Task({ name: 'Umlauts.laenge' })
      länge(): void {}
    }
    await expect(apps.boot({ imports: [apps.queue()], providers: [Umlauts] })).rejects.toMatchObject({
      code: 'INVALID_NAME',
      message: expect.stringContaining("'Umlauts.größe' is not a valid task name"),
    });
  });
});

it('options that a factory returns are checked too', async () => {
  const queue = TaskQueueModule.forRootAsync({ useFactory: () => ({ queues: [] }) });
  await expect(apps.boot({ imports: [queue] })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
