import { setTimeout as delay } from 'node:timers/promises';
import { QueueClient } from '../../src/client/queue-client.js';
import type { TaskSender } from '../../src/client/task-sender.js';
import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { Apps } from '../module/apps.js';
import { QUEUES, ReportTasks } from './report-tasks.js';

let apps: Apps;
beforeEach(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.stop());

/** A sender whose commands wait this long for Redis. */
async function sender(commandTimeout: '1s' | '10s'): Promise<TaskSender<[unknown]>> {
  const queue = apps.queue({ ...QUEUES, commandTimeout });
  const app = await apps.boot({ imports: [queue], providers: [ReportTasks] });
  return app.get(QueueClient, { strict: false }).of(ReportTasks).note;
}

/** The error of an enqueue without an answer. */
async function unconfirmed(enqueue: Promise<unknown>): Promise<EnqueueUnconfirmedError> {
  const error = await enqueue.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EnqueueUnconfirmedError);
  return error as EnqueueUnconfirmedError;
}

/** Resolves when nestwork has logged it. */
async function logged(text: string): Promise<void> {
  while (apps.lines.with(text).length === 0) await delay(5);
}

async function notes(): Promise<unknown[]> {
  return (await apps.waiting()).map(({ args }) => args[0]);
}

describe('while the server does not answer', () => {
  it('delay() rejects with the id, and repeating it leaves exactly one task', async () => {
    const note = await sender('1s');
    apps.server.pause();
    const { taskIds } = await unconfirmed(note.delay('a'));
    expect(taskIds).toEqual([expect.stringMatching(/^[0-9a-z]{20}$/)]);
    apps.server.resume();
    const [id] = taskIds;
    expect(await note.with({ id }).delay('a')).toMatchObject({ id });
    expect(await notes()).toEqual(['a']);
  });

  it('delayMany() rejects with all ids, and repeating it leaves each task once, in order', async () => {
    const note = await sender('1s');
    const patient = await sender('10s');
    const calls = Array.from({ length: 3_000 }, (_, index): [unknown] => [index]);
    apps.server.pause();
    const { taskIds } = await unconfirmed(note.delayMany(calls));
    expect(taskIds).toHaveLength(calls.length);
    apps.server.resume();
    await patient.with({ ids: taskIds }).delayMany(calls);
    expect(await notes()).toEqual(calls.map(([index]) => index));
  });

  it('delay() by name rejects too, and has added nothing, because it did not get the queue', async () => {
    const app = await apps.boot({ imports: [apps.queue({ commandTimeout: '1s' })] });
    apps.server.pause();
    await expect(app.get(QueueClient, { strict: false }).task('Some.task').delay()).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
    });
    apps.server.resume();
    expect(await notes()).toEqual([]);
  });
});

describe('a server that dies', () => {
  it('while delay() waits for it: it rejects with the id, and repeating it leaves exactly one task', async () => {
    const note = await sender('1s');
    apps.server.pause();
    const sent = unconfirmed(note.delay('a'));
    await apps.server.kill();
    const [id] = (await sent).taskIds;
    await apps.server.restart();
    await logged('is back');
    await note.with({ id }).delay('a');
    expect(await notes()).toEqual(['a']);
  });

  it('and is back in time: a delay() under way resolves, and has added one task', async () => {
    const note = await sender('10s');
    apps.server.pause();
    const sent = note.delay('a');
    await apps.server.restart();
    const { id } = await sent;
    expect(await apps.waiting()).toMatchObject([{ id, args: ['a'] }]);
  });

  it('rejects delay() with REDIS_UNAVAILABLE, and serves it again after a restart', async () => {
    const note = await sender('1s');
    await note.delay('before');
    await apps.server.kill();
    await logged('Lost Redis');
    await expect(note.delay('meanwhile')).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(`127.0.0.1:${apps.server.port}[^]*you can repeat a call`),
    });
    await apps.server.restart();
    await logged('is back');
    await note.delay('after');
    expect(await notes()).toEqual(['after']);
  });
});

describe('an outage is logged in one line, and its end in another', () => {
  it('when the server dies, however many calls are sent in the meantime', async () => {
    const note = await sender('1s');
    await apps.server.kill();
    await logged('Lost Redis');
    await Promise.allSettled(Array.from({ length: 50 }, () => note.delay('a')));
    await apps.server.restart();
    await logged('is back');
    await note.delay('b');
    expect(apps.lines.with('TaskQueue]').filter((line) => !line.includes('[NestFactory]'))).toEqual([
      expect.stringContaining(`Lost Redis at 127.0.0.1:${apps.server.port}`),
      expect.stringContaining(`Redis at 127.0.0.1:${apps.server.port} is back after`),
    ]);
  });

  it('when the server does not answer, however many calls are sent in the meantime', async () => {
    const note = await sender('1s');
    apps.server.pause();
    await Promise.allSettled(Array.from({ length: 50 }, () => note.delay('a')));
    await Promise.allSettled(Array.from({ length: 50 }, () => note.delay('b')));
    apps.server.resume();
    await note.delay('c');
    expect(apps.lines.with('Lost Redis')).toHaveLength(1);
    expect(apps.lines.with('is back')).toHaveLength(1);
  });
});

it('delay() rejects at once after the app is closed', async () => {
  const app = await apps.boot({ imports: [apps.queue({ commandTimeout: '10m' })] });
  await app.close();
  await expect(app.get(QueueClient, { strict: false }).task('Some.task').delay()).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining('is closed'),
  });
});
