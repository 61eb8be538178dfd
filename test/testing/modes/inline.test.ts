import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { BroadcastLog, CronManager, DeadLetters, QueueClient } from '../../../src/index.js';
import { TestQueue } from '../../../src/testing/index.js';
import { HooksModule, MailApps, MailTasks, requestStore } from './mail-app.js';

const apps = new MailApps('inline');
afterEach(() => apps.close());

it('a task runs within its delay(), with arguments that went through the serializer', async () => {
  const { queue, send, notes } = await apps.start();
  const options = { at: new Date(0) };
  await send.welcome.delay(7, options);
  expect(notes).toEqual([{ welcome: 7, options, attempt: 1, store: undefined }]);
  expect((notes[0] as { options: unknown }).options).not.toBe(options);
  expect(queue.enqueued()).toHaveLength(1);
  expect(queue.failures()).toEqual([]);
});

it('a task that another task sends runs before that one goes on, each in its own context', async () => {
  const { send, notes } = await apps.start();
  await send.both.delay(7);
  expect(notes).toEqual(['before MailTasks.both', expect.objectContaining({ welcome: 7 }), 'after MailTasks.both']);
});

it('a task runs outside of the AsyncLocalStorage of its caller, as in a worker', async () => {
  const { send, notes } = await apps.start();
  await requestStore.run('request', () => send.welcome.delay(7));
  expect(notes).toMatchObject([{ welcome: 7, store: undefined }]);
});

it('a task runs without its delay, many run in order, and a task with a key runs', async () => {
  const { send, notes } = await apps.start();
  await send.welcome.with({ delay: '1h' }).delayMany([[1], [2]]);
  await send.welcome.with({ key: 'k', delay: '1h' }).delay(3);
  expect(await send.welcome.with({ key: 'k' }).delay(4)).toMatchObject({ added: true });
  expect(notes).toMatchObject([{ welcome: 1 }, { welcome: 2 }, { welcome: 3 }, { welcome: 4 }]);
});

it('calls that are sent side by side run', async () => {
  const { send, notes } = await apps.start();
  await Promise.all([send.both.delay(1), send.both.delay(2), send.welcome.delay(3)]);
  expect(notes.filter((note) => typeof note === 'object')).toHaveLength(3);
});

it('a task that fails is tried again at once', async () => {
  const { queue, send, notes } = await apps.start();
  await send.flaky.delay(2);
  expect(notes).toEqual([1, 2, 3]);
  expect(queue.failures()).toEqual([]);
});

it('hooks of the app run around a task', async () => {
  const { send, notes } = await apps.start(HooksModule);
  await send.flaky.delay(0);
  expect(notes).toEqual(['wrap MailTasks.flaky', 1]);
});

describe('a task that fails for good', () => {
  it('does not make delay() reject, and is listed by failures()', async () => {
    const { app, queue, send } = await apps.start();
    const { id } = await send.flaky.delay(3);
    const failure = { id, name: 'MailTasks.flaky', args: [3], attempt: 3, outcome: 'dead' };
    expect(queue.failures()).toMatchObject([{ ...failure, error: expect.any(RangeError) }]);
    expect(apps.lines.with(`MailTasks.flaky ${id} is dead: RangeError: no luck`)).toHaveLength(1);
    const dead = await app.get(DeadLetters, { strict: false }).get(id);
    expect(dead).toMatchObject({ task: 'MailTasks.flaky', error: 'RangeError: no luck', attempt: 3 });
    expect(dead?.attempts).toHaveLength(3);
  });

  it('runs again when it is redriven and the test drains', async () => {
    const { app, queue, send, notes } = await apps.start();
    const { id } = await send.flaky.delay(3);
    await app.get(DeadLetters, { strict: false }).redrive(id);
    expect(await queue.drain()).toMatchObject([{ attempt: 1 }, { attempt: 2 }, { attempt: 3, outcome: 'dead' }]);
    expect(notes).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('may have an unknown name', async () => {
    const { app, queue } = await apps.start();
    await app.get(QueueClient, { strict: false }).task('Video.encode').delay();
    expect(queue.failures()).toMatchObject([{ name: 'Video.encode', error: { code: 'UNKNOWN_TASK' } }]);
  });

  it('is not listed when it drops itself', async () => {
    const { queue, send } = await apps.start();
    await send.drop.delay();
    expect(queue.failures()).toEqual([]);
  });
});

it('the signal of a task that is cancelled while it runs aborts', async () => {
  const { queue, send, notes } = await apps.start();
  const handle = await send.abortable.delay();
  expect(notes).toEqual([true]);
  expect(await handle.status()).toMatchObject({ state: 'cancelled' });
  expect(queue.failures()).toEqual([]);
});

it('a broadcast runs once, and its outcome is recorded', async () => {
  const { app, queue, send, notes } = await apps.start();
  const { id } = await send.forget.delay('bad');
  expect(notes).toEqual(['forget bad']);
  expect(queue.failures()).toMatchObject([{ id, queue: '(broadcast)', error: expect.any(RangeError) }]);
  const outcomes = await app.get(BroadcastLog, { strict: false }).outcomes(id);
  expect(outcomes).toMatchObject([{ ok: false, error: 'RangeError: bad key' }]);
});

it('a cron runs in runCron(), and its run is recorded', async () => {
  const { app, queue, notes } = await apps.start();
  expect(await queue.runCron('MailTasks.digest')).toMatchObject([{ name: 'MailTasks.digest', outcome: 'done' }]);
  expect(notes).toEqual([expect.any(Date)]);
  const info = await app.get(CronManager, { strict: false }).get('MailTasks.digest');
  expect(info.lastRun).toMatchObject({ outcome: 'done', attempt: 1 });
  const history = await app.get(CronManager, { strict: false }).history('MailTasks.digest');
  expect(history).toEqual([expect.objectContaining({ kind: 'run', outcome: 'done', due: notes[0] })]);
  await expect(queue.runCron('MailTasks.welcome')).rejects.toThrow('Known crons: MailTasks.digest.');
});

it('advance() is refused in the mode inline', async () => {
  const { queue } = await apps.start();
  await expect(queue.advance('1m')).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
});

it('a call before init() is refused with the remedy', async () => {
  const app = await apps.compile();
  const sent = app.get(QueueClient, { strict: false }).of(MailTasks).welcome.delay(1);
  await expect(sent).rejects.toMatchObject({ code: 'APP_NOT_INITIALIZED' });
});

it('a task that was sent while the app booted runs after the boot', async () => {
  @Injectable()
  class Starter implements OnModuleInit {
    constructor(private readonly queue: QueueClient) {}

    async onModuleInit(): Promise<void> {
      await this.queue.of(MailTasks).welcome.delay(1);
    }
  }
  @Module({ providers: [Starter] })
  class StarterModule {}
  const { app, notes } = await apps.start(StarterModule);
  expect(notes).toMatchObject([{ welcome: 1 }]);
  expect(app.get(TestQueue).enqueued()).toHaveLength(1);
});
