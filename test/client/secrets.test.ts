import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { QueueClient } from '../../src/client/queue-client.js';
import type { TaskSender } from '../../src/client/task-sender.js';
import { NestworkError } from '../../src/errors.js';
import { Apps } from '../module/apps.js';
import { QUEUES, ReportTasks } from './report-tasks.js';

const PASSWORD = 'correct-horse-battery-staple';
const PAYLOAD = 'credit-card-4111111111111111';

let apps: Apps;
let note: TaskSender<[unknown]>;
beforeEach(async () => {
  apps = await Apps.start();
  await apps.redis.acl('SETUSER', 'app', 'on', `>${PASSWORD}`, '~*', '+@all');
  const redis = `redis://app:${PASSWORD}@127.0.0.1:${apps.server.port}`;
  const queue = apps.queue({ ...QUEUES, redis, commandTimeout: '1s' });
  const app = await apps.boot({ imports: [queue], providers: [ReportTasks] });
  note = app.get(QueueClient, { strict: false }).of(ReportTasks).note;
  await note.delay('the scripts are loaded');
});
afterEach(() => apps.stop());

/** The error and all its causes, as a logger would print them. */
function everythingOf(error: unknown): string {
  const printed: string[] = [];
  for (let at = error; at !== undefined; at = (at as Error).cause) {
    printed.push(
      inspect(at, { depth: 10, maxStringLength: null, maxArrayLength: null }),
      String(at),
      JSON.stringify(at),
    );
  }
  return printed.join('\n');
}

async function expectSilence(enqueue: Promise<unknown>, code: string): Promise<void> {
  const error = await enqueue.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NestworkError);
  expect(error).toMatchObject({ code });
  for (const text of [everythingOf(error), ...apps.lines.all]) {
    expect(text).not.toContain(PAYLOAD);
    expect(text).not.toContain(PASSWORD);
  }
}

describe('an error has neither payload nor password', () => {
  it('of a server that is full', async () => {
    await apps.redis.config('SET', 'maxmemory', '1');
    await expectSilence(note.delay(PAYLOAD), 'REDIS_OUT_OF_MEMORY');
    await expectSilence(note.delayMany([[PAYLOAD]]), 'REDIS_OUT_OF_MEMORY');
  });

  it('of a user who has lost the right', async () => {
    await apps.redis.acl('SETUSER', 'app', '-evalsha', '-eval');
    await expectSilence(note.delay(PAYLOAD), 'REDIS_FORBIDDEN');
  });

  it('of a key of another type', async () => {
    await apps.redis.set('{nestwork}:queue:default', 'foreign');
    await expectSilence(note.delay(PAYLOAD), 'REDIS_REFUSED');
  });

  it('of a server that does not answer', async () => {
    apps.server.pause();
    await expectSilence(note.delay(PAYLOAD), 'ENQUEUE_UNCONFIRMED');
  });

  it('of a server that died with the command', async () => {
    apps.server.pause();
    const sent = note.delay(PAYLOAD);
    sent.catch(() => {});
    await apps.server.kill();
    await expectSilence(sent, 'ENQUEUE_UNCONFIRMED');
  });

  it('of a connection that was closed under a command', async () => {
    apps.server.pause();
    const sent = note.delay(PAYLOAD);
    sent.catch(() => {});
    await apps.closeApps();
    await expectSilence(sent, 'ENQUEUE_UNCONFIRMED');
  });

  it('of a server that is away', async () => {
    await apps.server.kill();
    while (apps.lines.with('Lost Redis').length === 0) await delay(5);
    await expectSilence(note.delay(PAYLOAD), 'REDIS_UNAVAILABLE');
  });

  it('of a server that comes back with another password', async () => {
    await apps.redis.acl('SETUSER', 'app', 'resetpass', '>another');
    await apps.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    while (apps.lines.with('Lost Redis').length === 0) await delay(5);
    await expectSilence(note.delay(PAYLOAD), 'REDIS_UNAVAILABLE');
  });

  it('of an argument that cannot be sent', async () => {
    await expectSilence(note.delay({ card: PAYLOAD, later: () => PAYLOAD }), 'UNSERIALIZABLE_ARGUMENT');
    await expectSilence(note.delay(`${PAYLOAD}${'x'.repeat(300_000)}`), 'PAYLOAD_TOO_LARGE');
  });
});
