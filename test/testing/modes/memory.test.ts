import { jest } from '@jest/globals';
import { Injectable, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BroadcastLog,
  Cron,
  CronManager,
  DeadLetters,
  Inspector,
  Interval,
  MetricsReader,
  QueueClient,
  QueueHealth,
  TaskContext,
  TaskQueueModule,
} from '../../../src/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { appModule, HooksModule, MailApps, MailTasks, requestStore } from './mail-app.js';

const apps = new MailApps('memory');
afterEach(() => apps.close());

const MINUTE_MS = 60_000;

it('the metrics of an app under test are empty, also by its inspector', async () => {
  const { app, queue, send } = await apps.start();
  await send.welcome.delay(1);
  await queue.drain();
  const get = <T>(type: Type<T>): T => app.get(type, { strict: false });
  for (const metrics of [get(MetricsReader), get(Inspector).metrics]) {
    expect(await metrics.summary({ last: '1h' })).toMatchObject({ to: queue.now, tasks: [], queues: [] });
    expect(await metrics.current()).toMatchObject({ workers: 0, children: 0, totals: [] });
  }
});

describe('drain()', () => {
  it('runs pending tasks in the order of a worker, and the tasks that they send', async () => {
    const { queue, send, notes } = await apps.start();
    await send.both.delay(1);
    await send.welcome.delay(2);
    expect(notes).toEqual([]);
    const runs = await queue.drain();
    expect(runs.map(({ name, args, outcome }) => [name, args[0], outcome])).toEqual([
      ['MailTasks.welcome', 2, 'done'],
      ['MailTasks.both', 1, 'done'],
      ['MailTasks.welcome', 1, 'done'],
    ]);
    expect(await queue.drain()).toEqual([]);
  });

  it('leaves the tasks of a paused queue until the pause ends', async () => {
    const { app, queue, send } = await apps.start();
    const { queues } = app.get(Inspector, { strict: false });
    await queues.pause('bulk', { for: '10m', by: 'anna' });
    await send.both.delay(1);
    await send.welcome.delay(2);
    expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.welcome' }]);
    expect(await queues.get('bulk')).toMatchObject({ pending: 1, paused: { by: 'anna' } });
    expect(await queue.advance('9m')).toEqual([]);
    expect(await queue.advance('1m')).toMatchObject([{ name: 'MailTasks.both' }, { name: 'MailTasks.welcome' }]);
    await queues.pause('bulk', { by: 'anna' });
    expect([await queues.resume('bulk', { by: 'anna' }), await queues.pauses()]).toEqual([true, []]);
  });

  it('leaves scheduled tasks and delayed retries; the time stands still', async () => {
    const { queue, send } = await apps.start();
    const { now } = queue;
    await send.welcome.with({ delay: 1 }).delay(1);
    await send.flaky.delay(1);
    expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.flaky', outcome: 'retried', attempt: 1 }]);
    expect(await queue.drain()).toEqual([]);
    expect(queue.now).toEqual(now);
  });

  it('runs tasks with hooks, and outside of the AsyncLocalStorage of the test', async () => {
    const { queue, send, notes } = await apps.start(HooksModule);
    await send.welcome.delay(1);
    await requestStore.run('test', () => queue.drain());
    expect(notes).toMatchObject(['wrap MailTasks.welcome', { welcome: 1, store: undefined }]);
  });

  it('runs broadcasts when no task is left, and records them', async () => {
    const { app, queue, send, notes } = await apps.start();
    const { id } = await send.forget.delay('a');
    await send.flaky.delay(0);
    expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.flaky' }, { id, queue: '(broadcast)' }]);
    expect(notes).toEqual([1, 'forget a']);
    expect(await app.get(BroadcastLog, { strict: false }).outcomes(id)).toMatchObject([{ ok: true }]);
  });

  it('ends tasks that would go on for ever', async () => {
    const { queue, send } = await apps.start();
    await send.chain.delay();
    await expect(queue.drain()).rejects.toMatchObject({ code: 'ENDLESS_TASKS' });
  });

  it('leaves a task that asks for endless retries until the next 100 ms', async () => {
    const { queue, send } = await apps.start();
    await send.again.delay();
    expect(await queue.drain()).toMatchObject([{ attempt: 1, outcome: 'retried' }]);
    expect(await queue.advance(99)).toEqual([]);
    expect(await queue.advance(1)).toMatchObject([{ attempt: 2, outcome: 'retried' }]);
  });

  it('runs tasks outside of the AsyncLocalStorage in which the app was made', async () => {
    const { queue, send, notes } = await requestStore.run('boot', () => apps.start(HooksModule));
    await send.welcome.delay(1);
    await queue.drain();
    expect(notes).toMatchObject(['wrap MailTasks.welcome', { welcome: 1, store: undefined }]);
  });
});

describe('advance()', () => {
  it('runs due tasks, each at its time, and the tasks that they send', async () => {
    const { queue, send } = await apps.start();
    const start = queue.now.getTime();
    await send.both.with({ delay: '10m' }).delay(1);
    await send.welcome.with({ eta: new Date(start + 5 * MINUTE_MS) }).delay(2);
    expect(await queue.advance('4m')).toEqual([]);
    expect(await queue.advance('1m')).toMatchObject([{ args: [2] }]);
    expect(queue.now.getTime()).toBe(start + 5 * MINUTE_MS);
    expect(await queue.advance('1h')).toMatchObject([{ name: 'MailTasks.both' }, { name: 'MailTasks.welcome' }]);
    expect(queue.now.getTime()).toBe(start + 65 * MINUTE_MS);
  });

  it('makes retries wait for their backoff', async () => {
    const { app, queue, send, notes } = await apps.start();
    const handle = await send.flaky.delay(3);
    expect(await queue.advance(MINUTE_MS - 1)).toMatchObject([{ attempt: 1, outcome: 'retried' }]);
    expect(await handle.status()).toMatchObject({ state: 'scheduled', attempt: 2 });
    expect(await queue.advance(1)).toMatchObject([{ attempt: 2, outcome: 'retried', error: expect.any(RangeError) }]);
    expect(queue.failures()).toEqual([]);
    expect(await queue.advance('1m')).toMatchObject([{ attempt: 3, outcome: 'dead' }]);
    expect(notes).toEqual([1, 2, 3]);
    expect(queue.failures()).toMatchObject([{ id: handle.id, attempt: 3 }]);
    const dead = await app.get(DeadLetters, { strict: false }).get(handle.id);
    expect(dead).toMatchObject({ diedAt: queue.now, attempts: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }] });
    const times = dead?.attempts.map(({ at }) => at) ?? [];
    expect(times.map((at) => at - (times[0] ?? 0))).toEqual([0, MINUTE_MS, 2 * MINUTE_MS]);
  });

  it('fires crons at their times, however many days pass', async () => {
    const { app, queue, notes } = await apps.start();
    const day = 86_400_000;
    const first = Math.ceil((queue.now.getTime() - 8 * 3_600_000 + 1) / day) * day + 8 * 3_600_000;
    const runs = await queue.advance(3 * day);
    expect(runs.map(({ name }) => name)).toEqual(Array(3).fill('MailTasks.digest'));
    expect(notes).toEqual([0, 1, 2].map((n) => new Date(first + n * day)));
    expect(queue.enqueued()).toEqual([]);
    const crons = app.get(CronManager, { strict: false });
    expect(await crons.get('MailTasks.digest')).toMatchObject({ lastRun: { outcome: 'done' }, declared: true });
    const history = await crons.history('MailTasks.digest');
    expect(history.map(({ due }) => due)).toEqual([2, 1, 0].map((n) => new Date(first + n * day)));
    expect(history.every((entry) => entry.kind === 'run' && entry.lateMs === 0)).toBe(true);
    await crons.pause('MailTasks.digest');
    expect(await queue.advance(2 * day)).toEqual([]);
    await crons.resume('MailTasks.digest');
    expect(await queue.advance(day)).toHaveLength(1);
    const [, missed] = await crons.history('MailTasks.digest');
    expect(missed).toMatchObject({ kind: 'missed', count: 2, reason: 'paused', due: new Date(first + 3 * day) });
  });

  it('does not stop at the times of a cron that is paused', async () => {
    class Ticks {
      @Cron('* * * * * *')
      tick(): void {}
    }
    const stops: Date[] = [];
    const testing = TaskQueueTestingModule.forRoot({ mode: 'memory', setSystemTime: (now) => stops.push(now) });
    const taskQueue = TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1' });
    const app = await Test.createTestingModule({ imports: [testing, taskQueue], providers: [Ticks] }).compile();
    await app.init();
    const queue = app.get(TestQueue, { strict: false });
    expect(await queue.advance('3s')).toHaveLength(3);
    const crons = app.get(CronManager, { strict: false });
    await crons.pause('Ticks.tick');
    stops.length = 0;
    expect(await queue.advance('3h')).toEqual([]);
    expect(stops).toHaveLength(1);
    await crons.resume('Ticks.tick');
    expect(await queue.advance('3s')).toHaveLength(3);
    await app.close();
  });

  it('lets tasks expire while no worker is there', async () => {
    const { queue, send, notes } = await apps.start();
    await send.urgent.delay();
    expect(await queue.advance('10m', { idle: true })).toEqual([]);
    expect(await queue.drain()).toMatchObject([{ outcome: 'done' }]);
    await send.urgent.delay();
    await queue.advance(10 * MINUTE_MS + 1, { idle: true });
    expect(await queue.drain()).toMatchObject([{ outcome: 'dead', error: { code: 'TASK_EXPIRED' } }]);
    expect(notes).toEqual(['urgent']);
  });

  it('lets crons miss their times while no worker is there, and makes up for the latest', async () => {
    const { queue, notes } = await apps.start();
    await queue.advance('3d', { idle: true });
    expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.digest' }]);
    expect(queue.now.getTime() - (notes[0] as Date).getTime()).toBeLessThan(86_400_000);
  });

  it('parks an unknown task, as workers do in a rolling deployment', async () => {
    const { app, queue } = await apps.start();
    await app.get(QueueClient, { strict: false }).task('Video.encode').delay();
    expect(await queue.drain()).toMatchObject([{ outcome: 'retried', error: { code: 'UNKNOWN_TASK' } }]);
    await queue.advance('1h');
    expect(queue.failures()).toMatchObject([{ name: 'Video.encode', error: { code: 'UNKNOWN_TASK' } }]);
  });

  it('accepts a duration', async () => {
    const { queue } = await apps.start();
    await expect(queue.advance('soon' as never)).rejects.toMatchObject({ code: 'INVALID_DURATION' });
  });
});

it('the fake timers of a test follow the time in memory', async () => {
  jest.useFakeTimers();
  try {
    jest.setSystemTime(new Date('2026-03-01T00:00:00Z'));
    const testing = TaskQueueTestingModule.forRoot({ mode: 'memory', setSystemTime: (now) => jest.setSystemTime(now) });
    const app = await Test.createTestingModule({ imports: [appModule(), testing] }).compile();
    await app.init();
    const queue = app.get(TestQueue);
    const seen: string[] = [];
    jest.spyOn(app.get(MailTasks, { strict: false }), 'digest').mockImplementation(async () => {
      seen.push(new Date().toISOString());
    });
    await queue.advance('2d');
    expect(seen).toEqual(['2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z']);
    expect(new Date()).toEqual(new Date('2026-03-03T00:00:00Z'));
    await app.close();
  } finally {
    jest.useRealTimers();
  }
});

it('`inProcess` starts no worker in the mode memory', async () => {
  const testing = TaskQueueTestingModule.forRoot({ mode: 'memory' });
  const app = await Test.createTestingModule({ imports: [appModule({ inProcess: true }), testing] }).compile();
  await app.init();
  const { id } = await app.get(QueueClient, { strict: false }).of(MailTasks).welcome.delay(1);
  expect(await app.get(QueueClient, { strict: false }).status(id)).toMatchObject({ state: 'pending' });
  expect(await app.get(TestQueue).drain()).toMatchObject([{ id, outcome: 'done' }]);
  await app.close();
});

it('a debounced call takes the place of the pending ones', async () => {
  const { queue, send } = await apps.start();
  const later = send.welcome.with({ key: 'k', onConflict: 'replace', delay: '2s' });
  await later.delay(1);
  await queue.advance('1s');
  await later.delay(2);
  expect(await queue.advance('1s')).toEqual([]);
  expect(await queue.advance('1s')).toMatchObject([{ args: [2] }]);
});

it('a key is free when its task is finished', async () => {
  const { app, queue, send } = await apps.start();
  const once = send.welcome.with({ key: 'k', onConflict: 'reject' });
  const { id } = await once.delay(1);
  await expect(once.delay(2)).rejects.toMatchObject({ code: 'DUPLICATE_KEY' });
  const { tasks } = app.get(Inspector, { strict: false });
  const wanted = { task: 'MailTasks.welcome', key: 'k' };
  expect((await tasks.list(wanted)).tasks).toMatchObject([{ id, state: 'pending' }]);
  await queue.drain();
  expect((await tasks.list(wanted)).tasks).toEqual([]);
  await once.delay(3);
  expect(await queue.drain()).toMatchObject([{ args: [3] }]);
});

it('cancel() removes a pending task, and aborts a running one', async () => {
  const { queue, send, notes } = await apps.start();
  const waiting = await send.welcome.with({ delay: '1h' }).delay(1);
  expect(await waiting.cancel()).toBe('scheduled');
  await send.abortable.delay();
  expect(await queue.advance('1h')).toMatchObject([{ name: 'MailTasks.abortable', outcome: 'dropped' }]);
  expect(notes).toEqual([true]);
});

it('runCron() runs one cron at the present time, and nothing else', async () => {
  const { queue, send, notes } = await apps.start();
  await send.flaky.delay(0);
  expect(await queue.runCron(MailTasks.prototype.digest)).toMatchObject([{ name: 'MailTasks.digest' }]);
  expect(notes).toEqual([queue.now]);
  expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.flaky' }]);
});

it('runNow() and runCron() use the time of the call, in a test as in the app', async () => {
  const { app, queue, notes } = await apps.start();
  await queue.runCron('MailTasks.digest');
  await app.get(CronManager, { strict: false }).runNow('MailTasks.digest');
  const called = queue.now;
  await queue.advance('1m');
  expect(notes).toEqual([called, called]);
});

it('QueueHealth uses the clock of the test', async () => {
  const { app, queue, send } = await apps.start();
  const health = app.get(QueueHealth, { strict: false });
  await send.flaky.delay(3);
  expect(await health.check()).toMatchObject({
    healthy: true,
    queues: [{ pending: 1, waitingMs: 0, served: true }, {}],
  });
  await queue.drain();
  expect(await health.check()).toMatchObject({ queues: [{ pending: 0, scheduled: 1 }, {}] });
});

it('clear() removes all tasks and keeps the time', async () => {
  const { queue, send } = await apps.start();
  await send.welcome.with({ delay: '1m' }).delay(1);
  await send.flaky.delay(3);
  await queue.advance('2s');
  const { now } = queue;
  queue.clear();
  expect(queue.now).toEqual(now);
  expect(await queue.advance('1h')).toEqual([]);
  await send.flaky.delay(0);
  expect(await queue.drain()).toHaveLength(1);
});

it('a call before init() is refused with the remedy', async () => {
  const app = await apps.compile();
  await app.get(QueueClient, { strict: false }).of(MailTasks).welcome.delay(1);
  await expect(app.get(TestQueue).drain()).rejects.toMatchObject({ code: 'APP_NOT_INITIALIZED' });
});

describe('the notes of a task', () => {
  it('stay for an hour after its end', async () => {
    const { app, queue, send } = await apps.start();
    const { tasks } = app.get(Inspector, { strict: false });
    const { id } = await send.noting.delay(1);
    await queue.drain();
    expect(await tasks.get(id)).toMatchObject({
      state: 'scheduled',
      progress: { value: 0.5, message: 'attempt 1', attempt: 1 },
      log: [{ message: 'began', attempt: 1 }],
    });
    await queue.advance('1m');
    expect(await tasks.get(id)).toMatchObject({
      state: 'done',
      progress: { message: 'attempt 2' },
      log: [
        { message: 'began', attempt: 1, at: expect.any(Date) },
        { message: 'began', attempt: 2 },
      ],
    });
    await queue.advance('59m');
    expect(await tasks.get(id)).toBeDefined();
    await queue.advance('1m');
    expect(await tasks.get(id)).toBeUndefined();
  });

  it('stay with the record of a dead one, and go on when it is redriven', async () => {
    const { app, queue, send } = await apps.start();
    const { tasks, dead } = app.get(Inspector, { strict: false });
    const [kept, deleted] = [await send.noting.delay(9), await send.noting.delay(9)];
    await queue.drain();
    for (let minute = 0; minute < 2; minute += 1) await queue.advance('1m');
    await queue.advance('3d');
    expect(await tasks.get(kept.id)).toMatchObject({ state: 'dead', log: { length: 3 } });
    await dead.delete(deleted.id);
    expect(await tasks.get(deleted.id)).toBeUndefined();
    await dead.redrive(kept.id);
    expect(await tasks.get(kept.id)).toMatchObject({ state: 'pending', log: { length: 3 } });
    await queue.drain();
    expect(await tasks.get(kept.id)).toMatchObject({ state: 'scheduled', log: { length: 4 } });
  });

  it('are the last 100 lines with 8 KiB', async () => {
    const { app, queue, send } = await apps.start();
    const { tasks } = app.get(Inspector, { strict: false });
    const { id } = await send.noting.delay(0, 150);
    await queue.drain();
    expect((await tasks.get(id))?.log.length).toBe(100);
    const long = await send.noting.delay(0, 9, 1_000);
    await queue.drain();
    expect((await tasks.get(long.id))?.log.length).toBe(8);
  });
});

it('the last done tasks of a name with `keepDone` are found', async () => {
  const { app, queue, send } = await apps.start();
  const { tasks } = app.get(Inspector, { strict: false });
  const sent = [await send.kept.delay(1), await send.kept.delay(2), await send.kept.delay(3)];
  await send.welcome.delay(1);
  await queue.drain();
  const ids = sent.map(({ id }) => id);
  const list = await tasks.list({ state: 'done', task: 'MailTasks.kept' });
  expect(list).toMatchObject({ left: 0, tasks: [{ id: ids[2], attempt: 1 }, { id: ids[1] }] });
  expect(await tasks.get(ids[2] ?? '')).toMatchObject({ state: 'done', task: 'MailTasks.kept' });
  expect(await tasks.get(ids[0] ?? '')).toBeUndefined();
  await queue.advance('7d');
  expect((await tasks.list({ state: 'done', task: 'MailTasks.kept' })).tasks).toEqual([]);
});

describe('in virtual time', () => {
  @Injectable()
  class PollTasks {
    static readonly notes: (readonly [name: string, at: number])[] = [];

    constructor(private readonly context: TaskContext) {}

    @Cron('0 * * * *', { limit: 2 })
    twice(): void {
      this.note('twice');
    }

    @Interval('10m', { from: 'end', retries: 1, backoff: { type: 'fixed', delay: '3m' } })
    chained(): void {
      this.note('chained');
      if (this.context.attempt === 1) throw new Error('again');
    }

    private note(name: string): void {
      PollTasks.notes.push([name, this.context.cronTime?.getTime() ?? 0]);
    }
  }

  async function boot() {
    const module = Test.createTestingModule({
      imports: [TaskQueueModule.forRoot({}), TaskQueueTestingModule.forRoot({ mode: 'memory' })],
      providers: [PollTasks],
    });
    const app = await (await module.compile()).init();
    PollTasks.notes.splice(0);
    return { app, queue: app.get(TestQueue), crons: app.get(CronManager, { strict: false }) };
  }

  const timesOf = (name: string): number[] => PollTasks.notes.flatMap(([of, at]) => (of === name ? [at] : []));

  it('a cron with a limit fires so many runs', async () => {
    const { app, queue, crons } = await boot();
    await queue.advance('1d');
    expect(timesOf('twice')).toHaveLength(2);
    expect(await crons.get('PollTasks.twice')).toMatchObject({ limit: 2, fires: 2, nextRun: undefined });
    expect(await crons.nextRuns('PollTasks.twice')).toEqual([]);
    await app.close();
  });

  it('an interval from the end of its runs counts from the end of the last attempt', async () => {
    const { app, queue, crons } = await boot();
    const start = queue.now.getTime();
    await queue.advance('40m');
    const times = [10, 10, 23, 23, 36, 36].map((minutes) => start + minutes * MINUTE_MS);
    expect(timesOf('chained')).toEqual(times);
    expect((await crons.get('PollTasks.chained')).nextRun).toEqual(new Date(start + 49 * MINUTE_MS));
    await app.close();
  });
});
