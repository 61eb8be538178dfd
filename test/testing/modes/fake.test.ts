import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  BroadcastLog,
  CronManager,
  DeadLetters,
  QueueClient,
  QueueHealth,
  TaskContext,
  TaskQueueModule,
} from '../../../src/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { MailApps, MailTasks } from './mail-app.js';

const apps = new MailApps('fake');
afterEach(() => apps.close());

it('the mode fake records calls, with the arguments as the task would get them, and runs nothing', async () => {
  const { queue, send, notes } = await apps.start();
  const at = new Date(0);
  const { id } = await send.welcome.delay(7, { at });
  await send.both.with({ delay: '10m', queue: 'default', key: 'user-7', retries: 3 }).delay(7);
  await send.forget.delay('user:7');
  expect(queue.enqueued()).toMatchObject([
    { id, name: 'MailTasks.welcome', queue: 'default', args: [7, { at }], delayMs: 0, broadcast: false },
    { name: 'MailTasks.both', queue: 'default', args: [7], delayMs: 600_000, options: { retries: 3 } },
    { name: 'MailTasks.forget', queue: '(broadcast)', args: ['user:7'], broadcast: true },
  ]);
  expect(queue.enqueued()[0]?.args[1]).not.toBe(at);
  expect(queue.enqueued(MailTasks.prototype.both).map((task) => [task.hasKey('user-7'), task.hasKey('7')])).toEqual([
    [true, false],
  ]);
  expect(notes).toEqual([]);
});

it('the mode fake records every call of many, and an eta as the time until then', async () => {
  const { queue, send } = await apps.start();
  await send.welcome.with({ eta: new Date(queue.now.getTime() + 3_600_000) }).delayMany([[1], [2]]);
  expect(queue.enqueued('MailTasks.welcome').map(({ args }) => args)).toEqual([[1], [2]]);
  const [first] = queue.enqueued();
  expect(first?.delayMs).toBeGreaterThan(3_590_000);
  expect(first?.delayMs).toBeLessThanOrEqual(3_600_000);
});

it('the mode fake refuses the same as production', async () => {
  const { queue, send } = await apps.start();
  await expect(send.welcome.delay(Symbol('no') as never)).rejects.toMatchObject({ code: 'UNSERIALIZABLE_ARGUMENT' });
  expect(() => send.welcome.with({ queue: 'unheard-of' })).toThrow('UNKNOWN_QUEUE');
  expect(queue.enqueued()).toEqual([]);
});

it('the mode fake accepts one call for a key, and one for an id', async () => {
  const { queue, send } = await apps.start();
  const first = await send.welcome.with({ key: 'k' }).delay(1);
  expect(await send.welcome.with({ key: 'k' }).delay(2)).toMatchObject({ id: first.id, added: false });
  const { id } = await send.both.delay(3);
  await send.both.with({ id }).delay(3);
  expect(queue.enqueued().map(({ args }) => args[0])).toEqual([1, 3]);
});

it('the mode fake returns the state of a task, and cancels it', async () => {
  const { send } = await apps.start();
  const handle = await send.welcome.delay(1);
  expect(await handle.status()).toMatchObject({ state: 'pending', queue: 'default', attempt: 1 });
  expect(await handle.cancel()).toBe('pending');
  expect(await handle.status()).toMatchObject({ state: 'cancelled' });
});

it('clear() forgets everything in the mode fake', async () => {
  const { queue, send } = await apps.start();
  const { id } = await send.welcome.with({ key: 'k' }).delay(1);
  queue.clear();
  expect(queue.enqueued()).toEqual([]);
  expect(await send.welcome.with({ key: 'k', id }).delay(1)).toMatchObject({ added: true });
  expect(queue.enqueued()).toHaveLength(1);
});

it.each(['drain', 'advance', 'runCron'] as const)(
  '%s() is refused in the mode fake, and the error names the right mode',
  async (method) => {
    const { queue } = await apps.start();
    await expect(queue[method]('MailTasks.digest' as never)).rejects.toMatchObject({
      code: 'WRONG_TEST_MODE',
      message: expect.stringContaining("'memory'"),
    });
  },
);

it('the mode fake works in an app that is compiled, but not initialized', async () => {
  const app = await apps.compile();
  await app.get(QueueClient, { strict: false }).of(MailTasks).welcome.delay(1);
  expect(app.get(TestQueue).enqueued()).toHaveLength(1);
});

it('the mode fake keeps all exports of the module injectable and working', async () => {
  const { app, send } = await apps.start();
  const get = <T>(type: new (...args: never[]) => T): T => app.get(type, { strict: false });
  await send.welcome.delay(1);
  expect(await get(QueueHealth).check()).toMatchObject({ healthy: true });
  expect(await get(CronManager).list()).toMatchObject([{ name: 'MailTasks.digest', declared: true }]);
  expect(await get(DeadLetters).count()).toBe(0);
  expect(await get(BroadcastLog).gaps()).toEqual([]);
  expect(get(TaskContext).active).toBe(false);
});

it('the mode fake replaces Redis with forRoot and forRootAsync, also with a missing URL', async () => {
  @Injectable()
  class SignupService {
    constructor(readonly queue: QueueClient) {}
  }
  @Module({
    imports: [TaskQueueModule.forRoot({ redis: process.env.NOT_SET_ANYWHERE })],
    providers: [SignupService],
  })
  class AppModule {}
  const testing = TaskQueueTestingModule.forRoot({ mode: 'fake' });
  const [one, other] = await Promise.all(
    [1, 2].map(() => Test.createTestingModule({ imports: [testing, AppModule] }).compile()),
  );
  await one?.init();
  await one?.get(SignupService).queue.task('Video.encode').delay(7);
  expect(one?.get(TestQueue).enqueued('Video.encode')).toHaveLength(1);
  expect(other?.get(TestQueue).enqueued()).toEqual([]);
  await Promise.all([one?.close(), other?.close()]);
});

it('an unknown mode is refused', () => {
  expect(() => TaskQueueTestingModule.forRoot({ mode: 'real' as never })).toThrow("'fake', 'inline' or 'memory'");
  expect(() => TaskQueueTestingModule.forRoot({ mode: 'fake', clock: 1 } as never)).toThrow('INVALID_OPTION');
  expect(() => TaskQueueTestingModule.forRoot({ mode: 'fake', setSystemTime: () => {} })).toThrow('INVALID_OPTION');
});
