import { Injectable, Module } from '@nestjs/common';
import type { Broker } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { type CronDeclaration, type CronDefinition, cronsAmong } from '../../src/cron/cron-definition.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
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
  static runs = 0;

  @Cron('0 8 * * *', { timeZone: 'Europe/Paris', overlap: 'skip' })
  digest(): void {
    ReportTasks.runs += 1;
  }

  @Interval('inbox.poll', '30s', { queue: 'bulk' })
  poll(): void {}

  @Cron(new Date('2030-01-01T00:00:00Z'), { disabled: true })
  once(): void {}
}

async function boot() {
  return apps.boot({ imports: [apps.queue({ queues: ['default', 'bulk'] })], providers: [ReportTasks] });
}

/** As the supervisor of a worker of this app would. */
async function declare(app: Awaited<ReturnType<typeof boot>>, session = 'w-30000'): Promise<void> {
  const tasks = app.get(TaskRegistry, { strict: false }).all();
  const broker = app.get<Broker>(BROKER, { strict: false });
  const catalog = tasks.map(({ name, queue, crons }) => ({ name, queue, crons }));
  await broker.openSession({ session, leaseMs: 30_000, queues: ['default'], host: 'h', pid: 1, catalog });
  await broker.crons.declare(cronsAmong(tasks), 0);
}

describe('a cron', () => {
  it('is a task that can be sent and run', async () => {
    const app = await boot();
    ReportTasks.runs = 0;
    await app.get(QueueClient).of(ReportTasks).digest.delay();
    expect(await drainTasks(app)).toMatchObject([{ name: 'ReportTasks.digest', error: undefined }]);
    expect(ReportTasks.runs).toBe(1);
  });

  it.each<[string, object | undefined, string, RegExp]>([
    ['^ * * * *', undefined, 'INVALID_CRON', /"\^ \* \* \* \*" of @Cron\(\) on BadTasks\.run in BadModule/],
    ['0 0 30 2 *', undefined, 'INVALID_CRON', /never comes due/],
    [
      '* * * * *',
      { timeZone: 'Mars/Phobos' },
      'INVALID_CRON',
      /"Mars\/Phobos" of @Cron\(\) on BadTasks\.run in BadModule/,
    ],
    ['* * * * *', { queue: 'none' }, 'UNKNOWN_QUEUE', /@Cron\(\) on BadTasks\.run in BadModule/],
  ])('with %j and %j is refused at boot, with its name', async (expression, options, code, message) => {
    class BadTasks {
      @Cron(expression, options)
      run(): void {}
    }

    @Module({ providers: [BadTasks] })
    class BadModule {}

    await expect(apps.boot({ imports: [apps.queue(), BadModule] })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe('CronManager', () => {
  it('lists the crons that workers declare', async () => {
    const app = await boot();
    expect(await app.get(CronManager).list()).toEqual([]);
    await declare(app);
    const list = await app.get(CronManager).list();
    expect(list.map(({ name }) => name)).toEqual(['ReportTasks.digest', 'ReportTasks.once', 'inbox.poll']);
    expect(list[0]).toEqual({
      name: 'ReportTasks.digest',
      task: 'ReportTasks.digest',
      queue: 'default',
      set: false,
      expression: '0 8 * * *',
      timeZone: 'Europe/Paris',
      missed: 'latest',
      overlap: 'skip',
      disabled: false,
      paused: false,
      declared: true,
      lastFire: undefined,
      nextRun: expect.any(Date),
      skipped: 0,
      missedTimes: 0,
      lastRun: undefined,
    });
    expect(list[1]).toMatchObject({ at: new Date('2030-01-01T00:00:00Z'), disabled: true, nextRun: undefined });
    const [, , poll] = list;
    expect(poll).toMatchObject({ everyMs: 30_000, queue: 'bulk' });
    expect(Number(poll?.nextRun) % 30_000).toBe(0);
  });

  it('runs one now, once while overlaps are skipped', async () => {
    const app = await boot();
    await declare(app);
    const manager = app.get(CronManager);
    const first = await manager.runNow('ReportTasks.digest');
    expect(first).toEqual({ id: expect.any(String), name: 'ReportTasks.digest', queue: 'default', added: true });
    expect(await manager.runNow('ReportTasks.digest')).toEqual({ ...first, added: false });
    const [run] = await apps.waiting();
    expect(run).toMatchObject({ id: first.id, options: { cron: 'ReportTasks.digest', due: run?.enqueuedAt } });
    await drainTasks(app);
    expect(await manager.runNow('ReportTasks.digest')).toMatchObject({ added: true });
    await manager.runNow('inbox.poll');
    expect(await manager.runNow('inbox.poll')).toMatchObject({ added: true, queue: 'bulk' });
    expect(await apps.waiting('bulk')).toHaveLength(2);
  });

  it('pauses and resumes', async () => {
    const app = await boot();
    await declare(app);
    const manager = app.get(CronManager);
    await manager.pause('inbox.poll');
    expect(await manager.get('inbox.poll')).toMatchObject({ paused: true, nextRun: undefined });
    await manager.resume('inbox.poll');
    expect(await manager.get('inbox.poll')).toMatchObject({ paused: false, nextRun: expect.any(Date) });
  });

  it('gives the next times by the schedule, of a paused and a disabled cron too', async () => {
    const app = await boot();
    await declare(app);
    const manager = app.get(CronManager);
    const { nextRun } = await manager.get('ReportTasks.digest');
    const runs = await manager.nextRuns('ReportTasks.digest');
    expect(runs).toHaveLength(10);
    expect(runs[0]).toEqual(nextRun);
    const paris = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Paris', timeStyle: 'medium' });
    expect(new Set(runs.map((run) => paris.format(run)))).toEqual(new Set(['08:00:00']));
    await manager.pause('inbox.poll');
    const [first, second] = await manager.nextRuns('inbox.poll', 2);
    expect(Number(second) - Number(first)).toBe(30_000);
    expect(await manager.nextRuns('ReportTasks.once', 5)).toEqual([new Date('2030-01-01T00:00:00Z')]);
    for (const count of [0, 1.5, 1_001, Number.NaN])
      await expect(manager.nextRuns('inbox.poll', count)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('gives no next times of an expression that it cannot read', async () => {
    const app = await boot();
    await declare(app);
    const cron: CronDeclaration = {
      ...{ name: 'New.cron', queue: 'default', missed: 'skip', thresholdMs: 0, overlap: 'allow', disabled: false },
      schedule: { expression: '0 8 * * * of a newer version' },
    };
    await app.get<Broker>(BROKER, { strict: false }).crons.declare([cron], 0);
    expect(await app.get(CronManager).nextRuns('New.cron')).toEqual([]);
  });

  it('has what became of the last times of a cron, as much as is asked for', async () => {
    const app = await boot();
    await declare(app);
    const { crons } = app.get<Broker>(BROKER, { strict: false });
    const manager = app.get(CronManager);
    expect(await manager.history('Late.cron').catch(({ code }) => code)).toBe('UNKNOWN_CRON');
    const cron: CronDeclaration = {
      ...{ name: 'Late.cron', queue: 'default', missed: 'skip', thresholdMs: 0, overlap: 'allow', disabled: false },
      schedule: { everyMs: 60_000, jitterMs: 5_000 },
    };
    await crons.declare([cron], 0);
    const claims = { session: 'w-30000', child: 'w-30000.1', queues: ['default'] };
    await app.get<Broker>(BROKER, { strict: false }).register(claims.session, claims.child);
    const run = { id: 'a', due: 60_000, startedAt: 67_500, durationMs: 20, host: 'h', pid: 1 };
    await crons.recordRun(claims, cron.name, { ...run, attempt: 1, outcome: 'failed' });
    await crons.recordRun(claims, cron.name, { ...run, startedAt: 70_000, attempt: 2, outcome: 'dead' });
    await crons.recordRun(claims, cron.name, { ...run, due: 120_000, startedAt: 124_000, attempt: 1, outcome: 'done' });
    const entry = { kind: 'run', id: 'a', due: new Date(60_000), durationMs: 20 };
    expect(await manager.history('Late.cron')).toEqual([
      // started before its time by the clock of its worker
      { ...entry, due: new Date(120_000), startedAt: new Date(124_000), lateMs: 0, attempt: 1, outcome: 'done' },
      { ...entry, startedAt: new Date(70_000), attempt: 2, outcome: 'dead' },
      { ...entry, startedAt: new Date(67_500), lateMs: 2_500, attempt: 1, outcome: 'failed' },
    ]);
    expect(await manager.history('Late.cron', { count: 1 })).toHaveLength(1);
    expect((await manager.get('Late.cron')).lastRun).toMatchObject({ due: new Date(120_000), lateMs: 0 });
    for (const count of [0, 101, 1.5]) {
      await expect(manager.history('Late.cron', { count })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    await expect(manager.history('Late.cron', { last: 3 } as object)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('lists the workers that declare a cron, and how they differ from it', async () => {
    const app = await boot();
    const broker = app.get<Broker>(BROKER, { strict: false });
    const cron: CronDefinition = {
      schedule: { expression: '0 9 * * *', timeZone: 'UTC' },
      ...{ missed: 'latest', thresholdMs: 10_000, overlap: 'skip', disabled: false },
    };
    const session = { leaseMs: 30_000, queues: ['default'], host: 'a', pid: 2 };
    const task = { name: 'ReportTasks.digest', queue: 'default' };
    await broker.openSession({
      ...session,
      session: 'old-30000',
      catalog: [{ ...task, crons: [{ ...cron, name: task.name }] }],
    });
    const disabled = { ...cron, disabled: true };
    await broker.openSession({
      ...session,
      session: 'off-30000',
      pid: 1,
      catalog: [{ ...task, crons: [{ ...disabled, name: task.name }] }],
    });
    await broker.openSession({ ...session, session: 'without-30000', pid: 3, catalog: [] });
    await declare(app);
    expect(await app.get(CronManager).declarers('ReportTasks.digest')).toEqual([
      { worker: 'off-30000', host: 'a', pid: 1, fires: false, differs: undefined },
      { worker: 'old-30000', host: 'a', pid: 2, fires: true, differs: '"0 9 * * *" in UTC' },
      { worker: 'w-30000', host: 'h', pid: 1, fires: true, differs: undefined },
    ]);
    expect(await app.get(CronManager).declarers('inbox.poll')).toMatchObject([{ worker: 'w-30000' }]);
  });

  it('lists a cron that no live worker declares any more as not declared', async () => {
    const app = await boot();
    await declare(app);
    await app.get<Broker>(BROKER, { strict: false }).closeSession('w-30000');
    expect(await app.get(CronManager).get('inbox.poll')).toMatchObject({ declared: false, nextRun: undefined });
  });

  it('refuses an unknown name with the known ones', async () => {
    const app = await boot();
    const manager = app.get(CronManager);
    const refused = { code: 'UNKNOWN_CRON', message: expect.stringContaining('"ReportTasks.none"') };
    await expect(manager.get('ReportTasks.none')).rejects.toMatchObject(refused);
    await expect(manager.get('ReportTasks.none')).rejects.toThrow('Start a worker');
    await declare(app);
    const name = 'ReportTasks.none';
    for (const act of [
      () => manager.get(name),
      () => manager.nextRuns(name),
      () => manager.declarers(name),
      () => manager.history(name),
      () => manager.runNow(name),
      () => manager.pause(name),
      () => manager.resume(name),
    ]) {
      await expect(act()).rejects.toMatchObject(refused);
      await expect(act()).rejects.toThrow('Known crons: ReportTasks.digest');
    }
  });

  it('refuses to run a cron in a queue that the app does not have', async () => {
    await declare(await boot());
    const other = await apps.boot({ imports: [apps.queue()] });
    await expect(other.get(CronManager).runNow('inbox.poll')).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
  });
});
