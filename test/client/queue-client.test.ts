import { jest } from '@jest/globals';
import { Injectable, type Provider } from '@nestjs/common';
import type { Broker, CatalogEntry } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { Apps } from '../module/apps.js';
import { QUEUES, ReportTasks } from './report-tasks.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function client(...providers: Provider[]): Promise<QueueClient> {
  const app = await apps.boot({ imports: [apps.queue(QUEUES)], providers });
  return app.get(QueueClient, { strict: false });
}

/** A class that no module provides. */
class MailTasks {
  @Task()
  deliver(_to: string): void {}
}

describe('of(Class)', () => {
  it('has a sender for each decorated method, and nothing else', async () => {
    const reports = (await client(ReportTasks)).of(ReportTasks);
    expect(Object.keys(reports).sort()).toEqual(['archive', 'note', 'send']);
    expect(Reflect.get(reports, 'toString')).toBeUndefined();
    expect(Reflect.get(reports, 'then')).toBeUndefined();
    expect(Reflect.get(reports, 'onModuleInit')).toBeUndefined();
  });

  it('is the same object each time', async () => {
    const queue = await client(ReportTasks);
    expect(queue.of(ReportTasks)).toBe(queue.of(ReportTasks));
  });

  it('sends under the name and to the queue of the decorator', async () => {
    const reports = (await client(ReportTasks)).of(ReportTasks);
    expect(await reports.send.delay(7, { weekly: true })).toMatchObject({
      name: 'ReportTasks.send',
      queue: 'critical',
    });
    expect(await reports.archive.delay('a', 'b')).toMatchObject({ name: 'reports.archive', queue: 'default' });
    expect(await apps.waiting('critical')).toMatchObject([{ name: 'ReportTasks.send', args: [7, { weekly: true }] }]);
    expect(await apps.waiting()).toMatchObject([{ name: 'reports.archive', args: ['a', 'b'] }]);
  });

  it('names an undecorated method in the error of its call', async () => {
    const reports = (await client(ReportTasks)).of(ReportTasks);
    expect(() => Reflect.get(reports, 'helper')).toThrow(
      expect.objectContaining({ code: 'NOT_A_TASK', message: expect.stringContaining('ReportTasks.helper') }),
    );
  });

  it.each<[string, string, RegExp]>([
    [
      'an undecorated one',
      'helper',
      /^ReportTasks\.helper has no @Task.*[\s\S]*Write @Task\(\) above helper in ReportTasks[\s\S]*The tasks of ReportTasks are: send, archive, note/,
    ],
    ['a getter', 'connection', /^ReportTasks\.connection is an accessor.*[\s\S]*@Task\(\) async connection\(\.\.\.\)/],
    [
      'a misspelt name',
      'sned',
      /^Class ReportTasks has no method "sned"[\s\S]*Did you mean queue\.of\(ReportTasks\)\.send\?/,
    ],
  ])('names the kind of value that %s is', async (_what, property, message) => {
    const reports = (await client(ReportTasks)).of(ReportTasks);
    expect(() => Reflect.get(reports, property)).toThrow(
      expect.objectContaining({ code: 'NOT_A_TASK', message: expect.stringMatching(message) }),
    );
  });

  it('names the override without a decorator that hides the task', async () => {
    @Injectable()
    class QuietReportTasks extends ReportTasks {
      override send(): void {}
    }
    const reports = (await client(QuietReportTasks)).of(QuietReportTasks);
    expect(() => reports.send).toThrow(
      /^QuietReportTasks\.send has no @Task[^;]*; the task ReportTasks\.send that it overrides[\s\S]*Write @Task\(\) above the override in QuietReportTasks, too, with the arguments that it has on ReportTasks\.send/,
    );
  });

  it('names the decorator that an override lacks, if the class has no other task', async () => {
    @Injectable()
    class DigestTasks {
      @Cron('0 8 * * *')
      digest(): void {}
    }
    @Injectable()
    class QuietDigestTasks extends DigestTasks {
      override digest(): void {}
    }
    const queue = await client(QuietDigestTasks);
    expect(() => queue.of(QuietDigestTasks)).toThrow(
      /^Class QuietDigestTasks has no method[\s\S]*QuietDigestTasks\.digest overrides the task DigestTasks\.digest: write @Cron\(\) above it, too/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['an instance', new ReportTasks(), /got an instance of ReportTasks[\s\S]*queue\.of\(ReportTasks\)/],
    ['undefined', undefined, /got undefined[\s\S]*two files import each other/],
    ['a function that returns it', () => ReportTasks, /got function[\s\S]*queue\.of\(ReportTasks\), and no function/],
  ])('names the right call for %s', async (_what, given, message) => {
    const queue = await client(ReportTasks);
    expect(() => queue.of(given as typeof ReportTasks)).toThrow(message);
  });

  it('by the name of a class is the same as by the class, if the app has it', async () => {
    const reports = (await client(ReportTasks)).of<ReportTasks>('ReportTasks');
    expect(await reports.archive.delay('a')).toMatchObject({ name: 'reports.archive', queue: 'default' });
    expect(await reports.send.delay(7)).toMatchObject({ name: 'ReportTasks.send', queue: 'critical' });
    expect(() => reports.helper).toThrow(expect.objectContaining({ code: 'NOT_A_TASK' }));
    expect(await Promise.resolve(reports)).toBe(reports);
  });

  it('by the name of a class sends to the queue in the catalog, which is asked once', async () => {
    const app = await apps.boot({ imports: [apps.queue(QUEUES)] });
    const queue = app.get(QueueClient, { strict: false });
    const asked = jest
      .spyOn(app.get<Broker>(BROKER, { strict: false }), 'registeredTask')
      .mockResolvedValue({ queue: 'bulk' });
    const { deliver } = queue.of<MailTasks>('MailTasks');
    await Promise.all([deliver.delay('a'), deliver.delay('b')]);
    expect(await deliver.delay('c')).toMatchObject({ name: 'MailTasks.deliver', queue: 'bulk' });
    expect(await deliver.with({ queue: 'critical' }).delay('d')).toMatchObject({ queue: 'critical' });
    expect(asked.mock.calls).toEqual([['MailTasks.deliver']]);
  });

  it('refuses a name that no class can have', async () => {
    const queue = await client();
    expect(() => queue.of('Mail Tasks')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  it('refuses a class without tasks', async () => {
    class Plain {
      send(): void {}
    }
    const queue = await client(ReportTasks);
    expect(() => queue.of(Plain)).toThrow(
      expect.objectContaining({ code: 'NOT_A_TASK', message: expect.stringContaining('Plain') }),
    );
  });

  it('refuses a class that no module provides, when the app runs tasks', async () => {
    const queue = await client(ReportTasks);
    expect(() => queue.of(MailTasks)).toThrow(
      expect.objectContaining({
        code: 'TASK_CLASS_NOT_PROVIDED',
        message: expect.stringMatching(/task class MailTasks\b[\s\S]*queue\.task\('MailTasks\.deliver'\)/),
      }),
    );
  });

  it('takes a class that no module provides, when the app only sends', async () => {
    await (await client()).of(MailTasks).deliver.delay('you@example.org');
    expect(await apps.waiting()).toMatchObject([{ name: 'MailTasks.deliver', args: ['you@example.org'] }]);
  });

  it('names inherited tasks after the given class', async () => {
    @Injectable()
    class WeeklyReportTasks extends ReportTasks {}

    const queue = await client(WeeklyReportTasks);
    expect(await queue.of(WeeklyReportTasks).note.delay(1)).toMatchObject({ name: 'WeeklyReportTasks.note' });
    expect(() => queue.of(ReportTasks)).toThrow(expect.objectContaining({ code: 'TASK_CLASS_NOT_PROVIDED' }));
  });
});

describe('task(name)', () => {
  it('sends to the queue that workers registered', async () => {
    const app = await apps.boot({ imports: [apps.queue()] });
    await register(app.get<Broker>(BROKER, { strict: false }), { name: 'Video.encode', queue: 'video' });
    const handle = await app.get(QueueClient, { strict: false }).task<[number]>('Video.encode').delay(7);
    expect(handle).toMatchObject({ name: 'Video.encode', queue: 'video' });
    expect(await apps.waiting('video')).toMatchObject([{ id: handle.id, args: [7] }]);
  });

  it('sends to the queue of the app itself if it has the class', async () => {
    const queue = await client(ReportTasks);
    expect(await queue.task('ReportTasks.send').delay(7)).toMatchObject({ queue: 'critical' });
  });

  it('sends to the default queue if no worker registered another', async () => {
    const queue = await client();
    expect(await queue.task('Nobody.knows').delay()).toMatchObject({ queue: 'default' });
    expect(await queue.task('constructor').delay()).toMatchObject({ queue: 'default' });
  });

  it('sends to the queue that workers registered last', async () => {
    const app = await apps.boot({ imports: [apps.queue()] });
    const broker = app.get<Broker>(BROKER, { strict: false });
    await register(broker, { name: 'Video.encode', queue: 'video' });
    await register(broker, { name: 'Video.encode', queue: 'film' });
    const encode = app.get(QueueClient, { strict: false }).task('Video.encode');
    expect(await encode.delay()).toMatchObject({ queue: 'film' });
  });

  it.each(['send report', '', 'x'.repeat(201)])('refuses the name %p', async (name) => {
    const queue = await client();
    expect(() => queue.task(name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });
});

describe('task(method)', () => {
  it('sends under the name and to the queue of the decorator', async () => {
    const queue = await client(ReportTasks);
    expect(await queue.task(ReportTasks.prototype.send).delay(7)).toMatchObject({
      name: 'ReportTasks.send',
      queue: 'critical',
    });
    expect(await queue.task(ReportTasks.prototype.archive).delay('a')).toMatchObject({ name: 'reports.archive' });
  });

  it('takes the method of an instance', async () => {
    const queue = await client(ReportTasks);
    expect(await queue.task(new ReportTasks().send).delay(7)).toMatchObject({ name: 'ReportTasks.send' });
  });

  it('refuses a method that is no task, with its name', async () => {
    const queue = await client(ReportTasks);
    expect(() => queue.task(ReportTasks.prototype.helper)).toThrow(
      expect.objectContaining({ code: 'NOT_A_TASK', message: expect.stringContaining('helper') }),
    );
    expect(() => queue.task(() => {})).toThrow(expect.objectContaining({ code: 'NOT_A_TASK' }));
  });

  it('refuses an inherited method: each subclass has its own task of it', async () => {
    @Injectable()
    class WeeklyReportTasks extends ReportTasks {}

    const queue = await client(WeeklyReportTasks);
    // no worker of this app would know `ReportTasks.note`
    expect(() => queue.task(WeeklyReportTasks.prototype.note)).toThrow(
      expect.objectContaining({
        code: 'TASK_CLASS_NOT_PROVIDED',
        message: expect.stringMatching(/but WeeklyReportTasks, which extends it[\s\S]*queue\.of\(WeeklyReportTasks\)/),
      }),
    );
  });
});

/** Registers the task as a worker does that has it. */
async function register(broker: Broker, entry: CatalogEntry): Promise<void> {
  const place = { host: 'elsewhere', pid: 7 };
  await broker.openSession({
    session: 'worker-30000',
    leaseMs: 30_000,
    queues: [entry.queue],
    catalog: [entry],
    ...place,
  });
}
