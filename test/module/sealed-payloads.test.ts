/** What lies in Redis of tasks whose data is sealed: with a real Redis, and a worker in the process of the app. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { BroadcastLog } from '../../src/inspector/broadcast-log.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import type { StoredPayloadOptions } from '../../src/payload/payload-options.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { eventually } from '../support/eventually.js';
import { snapshot } from '../support/snapshot.js';
import { Apps } from './apps.js';

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  ran.length = 0;
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

const SECRET = 'anna@example.org';
const [current, older] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const ran: string[] = [];

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ result: '1h' })
  async greet(address: string): Promise<string> {
    ran.push(`greet ${address}`);
    this.context.log(`looked up ${address}`);
    this.context.progress(0.5, `writes to ${address}`);
    return `Dear ${address}`;
  }

  @Task({ retries: 1, backoff: '1ms', result: '1h' })
  async fail(address: string): Promise<void> {
    ran.push(`fail ${address}`);
    this.context.log(`tried ${address}`);
    throw new Error(`no route to ${address}`);
  }

  @Task({ encrypt: false })
  async open(text: string): Promise<void> {
    ran.push(`open ${text}`);
  }

  @Cron('0 8 1 1 *', { name: 'new-year', args: [SECRET] })
  async wish(address: string): Promise<void> {
    ran.push(`wish ${address}`);
  }

  @Broadcast()
  async forget(address: string): Promise<void> {
    ran.push(`forget ${address}`);
  }

  @Broadcast()
  async breakDown(address: string): Promise<void> {
    throw new Error(`no room for ${address}`);
  }

  @Cron('0 9 1 1 *', { name: 'broken', args: [SECRET] })
  async lose(address: string): Promise<void> {
    throw new Error(`no wish for ${address}`);
  }

  @Task()
  async join(first: string, second: string): Promise<void> {
    ran.push(`join ${first} ${second}`);
  }
}

function boot(payload: StoredPayloadOptions | undefined, options: TaskQueueOptions = {}) {
  const inProcess = options.inProcess ?? { concurrency: 4 };
  return apps.boot({
    imports: [apps.queue({ ...options, inProcess, ...(payload && { payload }) })],
    providers: [MailTasks],
  });
}

const sealed = (...keys: string[]): StoredPayloadOptions => ({ encrypt: { keys } });
const inRedis = async (): Promise<string> => JSON.stringify(await snapshot(apps.redis));
const until = (condition: () => boolean | Promise<boolean>): Promise<void> =>
  eventually(async () => expect(await condition()).toBe(true));

describe('the data of tasks', () => {
  it('is nowhere in Redis in clear while they wait, fail, end, and are dead', async () => {
    const app = await boot(sealed(current));
    const [queue, crons] = [app.get(QueueClient), app.get(CronManager)];
    const { greet, fail, forget, breakDown } = queue.of(MailTasks);
    await crons.set('later', { cron: '0 8 1 1 *', task: greet, args: [SECRET] });
    await greet.with({ delay: '1h' }).delay(SECRET);
    await greet.with({ delay: '1h', key: SECRET }).delay(SECRET);
    await greet.with({ delay: '1h' }).delayMany([[SECRET], [SECRET]]);
    expect(await greet.run(SECRET)).toBe(`Dear ${SECRET}`);
    const failed = await fail.delay(SECRET);
    await expect(failed.result({ timeout: '30s' })).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining(`no route to ${SECRET}`),
    });
    await forget.delay(SECRET);
    await crons.runNow('broken');
    await queue
      .batch()
      .add(greet, [[SECRET]])
      .delay();
    await until(() => ran.includes(`forget ${SECRET}`) && ran.filter((line) => line === `greet ${SECRET}`).length > 1);
    expect(ran.filter((line) => line === `fail ${SECRET}`)).toHaveLength(2);
    await until(async () => (await crons.get('broken')).lastRun !== undefined);
    expect(await crons.get('broken')).toMatchObject({
      lastRun: { error: expect.stringContaining(`no wish for ${SECRET}`) },
    });
    await until(async () => (await app.get(DeadLetters).count()) === 2);
    const broken = await breakDown.delay(SECRET);
    await until(async () => (await app.get(BroadcastLog).outcomes(broken.id)).length > 0);
    const all = await inRedis();
    expect(all).toContain('MailTasks.greet');
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain('anna');
  });

  it('is in clear where the decorator says so', async () => {
    const app = await boot(sealed(current), { inProcess: false });
    await app.get(QueueClient).of(MailTasks).open.delay(SECRET);
    expect(await inRedis()).toContain(SECRET);
  });

  it('travels through a flow', async () => {
    const app = await boot(sealed(current));
    const queue = app.get(QueueClient);
    const { greet, join } = queue.of(MailTasks);
    const flow = queue.flow();
    flow.add(join, flow.add(greet, 'a'), flow.add(greet, SECRET));
    await flow.delay();
    await until(() => ran.includes(`join Dear a Dear ${SECRET}`));
    expect(await inRedis()).not.toContain(SECRET);
  });

  it('of crons runs with their arguments, and is the same definition each time', async () => {
    const app = await boot(sealed(current));
    const crons = app.get(CronManager);
    const { greet } = app.get(QueueClient).of(MailTasks);
    const later = { cron: '0 8 1 1 *', task: greet, args: [SECRET] as [string] };
    expect(await crons.set('later', later)).toMatchObject({ outcome: 'added' });
    expect(await crons.set('later', later)).toMatchObject({ outcome: 'unchanged' });
    await crons.runNow('later');
    await until(() => ran.includes(`greet ${SECRET}`));
    await crons.runNow('new-year');
    await until(() => ran.includes(`wish ${SECRET}`));
    expect(await crons.argumentsOf('later')).toEqual([SECRET]);
    expect(await crons.argumentsOf('new-year')).toEqual([SECRET]);
  });
});

describe('keys', () => {
  it('rotate: what the older one has sealed is run by a worker that has both', async () => {
    const before = await boot(sealed(older), { inProcess: false });
    await before.get(QueueClient).of(MailTasks).greet.delay('before');
    await apps.closeApps();
    const after = await boot(sealed(current, older));
    await after.get(QueueClient).of(MailTasks).greet.delay('after');
    await until(() => ran.includes('greet before') && ran.includes('greet after'));
  });

  it('that no worker has park the task, whose death says so; with the key it is redriven and runs', async () => {
    const sender = await boot(sealed(older), { inProcess: false });
    const { id } = await sender.get(QueueClient).of(MailTasks).greet.delay(SECRET);
    await apps.closeApps();
    const [message = ''] = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
    const parked = encodeAttempt({ at: 1, code: 'PAYLOAD_SEALED' }).repeat(10);
    await apps.redis.lset('{nestwork}:queue:default', 0, message + parked);
    const other = await boot(sealed(current));
    await until(async () => (await other.get(QueueClient).status(id)).state === 'scheduled');
    await apps.closeApps();
    const toolWithoutKeys = await boot(undefined, { inProcess: false });
    expect(await toolWithoutKeys.get(Inspector).tasks.get(id)).toMatchObject({
      attempts: expect.arrayContaining([
        expect.objectContaining({ error: expect.stringContaining('is sealed with the key') }),
      ]),
    });
    await apps.closeApps();
    const [again = ''] = await apps.redis.zrange('{nestwork}:scheduled:default', '0', '-1');
    await apps.redis.multi().del('{nestwork}:scheduled:default').rpush('{nestwork}:queue:default', again).exec();
    const last = await boot(sealed(current));
    await until(async () => (await last.get(DeadLetters).count()) === 1);
    const dead = await last.get(DeadLetters).get(id);
    expect(dead).toMatchObject({ code: 'PAYLOAD_SEALED', task: 'MailTasks.greet' });
    expect(JSON.stringify(dead)).not.toContain(SECRET);
    expect(ran).toEqual([]);
    await apps.closeApps();
    const keyed = await boot(sealed(current, older));
    await keyed.get(DeadLetters).redrive(id);
    await until(() => ran.includes(`greet ${SECRET}`));
  });

  it('are needed by an app that has a task with `encrypt: true`, and by one that sends it', async () => {
    @Injectable()
    class SealedTasks {
      @Task({ encrypt: true })
      async run(_text: string): Promise<void> {}
    }
    const parts = { imports: [apps.queue()], providers: [SealedTasks] };
    await expect(apps.boot(parts)).rejects.toMatchObject({ code: 'PAYLOAD_KEYS_NEEDED' });
    const sender = await apps.boot({ imports: [apps.queue()] });
    const queue = sender.get(QueueClient);
    await expect(
      queue.task<[string]>('SealedTasks.run').with({ queue: 'default' }).delay(SECRET),
    ).resolves.toBeDefined();
    await apps.redis.hset('{nestwork}:catalog', 'SealedTasks.run', '{"queue":"default","sealed":true}');
    const later = (await apps.boot({ imports: [apps.queue()] })).get(QueueClient);
    await expect(later.task<[string]>('SealedTasks.run').delay(SECRET)).rejects.toMatchObject({
      code: 'PAYLOAD_KEYS_NEEDED',
    });
  });
});

describe('a worker without keys', () => {
  it('runs none of the sealed tasks, and loses none: one with keys runs each once', async () => {
    const sender = await boot(sealed(current), { inProcess: false });
    const addresses = Array.from({ length: 20 }, (_, index) => `user-${index}@example.org`);
    await sender
      .get(QueueClient)
      .of(MailTasks)
      .greet.delayMany(addresses.map((address) => [address]));
    const keyless = await boot(undefined);
    await until(async () => (await apps.redis.zcard('{nestwork}:scheduled:default')) === addresses.length);
    expect(apps.lines.with('PAYLOAD_SEALED')).not.toEqual([]);
    expect(await keyless.get(DeadLetters).count()).toBe(0);
    expect(ran).toEqual([]);
    await boot(sealed(current));
    // while both are up the task goes to either, and waits again
    await keyless.close();
    await until(() => ran.length === addresses.length);
    expect([...ran].sort()).toEqual(addresses.map((address) => `greet ${address}`).sort());
    expect(apps.lines.with('@example.org')).toEqual([]);
  });
});

describe('a sealed message', () => {
  it('that others have altered is dead as PAYLOAD_ALTERED with its bytes, and never runs', async () => {
    const sender = await boot(sealed(current), { inProcess: false });
    const { id } = await sender.get(QueueClient).of(MailTasks).greet.delay(SECRET);
    const [message = ''] = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
    const altered = message.replace(/(\.[\w-]{40})(.)/, (_, before, one) => `${before}${one === 'A' ? 'B' : 'A'}`);
    await apps.redis.lset('{nestwork}:queue:default', 0, altered);
    await apps.closeApps();
    const worker = await boot(sealed(current));
    await until(async () => (await worker.get(DeadLetters).count()) === 1);
    expect(await worker.get(DeadLetters).get(id)).toMatchObject({ code: 'PAYLOAD_ALTERED' });
    expect(ran).toEqual([]);
  });

  it('of one task is not taken by another of the same app', async () => {
    const sender = await boot(sealed(current), { inProcess: false });
    await sender.get(QueueClient).of(MailTasks).fail.delay(SECRET);
    const [message = ''] = await apps.redis.lrange('{nestwork}:queue:default', 0, -1);
    await apps.redis.lset('{nestwork}:queue:default', 0, message.replace('MailTasks.fail', 'MailTasks.greet'));
    await apps.closeApps();
    const worker = await boot(sealed(current));
    await until(async () => (await worker.get(DeadLetters).count()) === 1);
    expect(ran).toEqual([]);
  });
});

describe('unique tasks', () => {
  it('of one key meet while their digest is an HMAC', async () => {
    const app = await boot(sealed(current), { inProcess: false });
    const { greet, open } = app.get(QueueClient).of(MailTasks);
    const first = await greet.with({ key: SECRET }).delay(SECRET);
    expect(await greet.with({ key: SECRET }).delay(SECRET)).toMatchObject({ id: first.id, added: false });
    expect(await open.with({ key: 'user-7' }).delay('text')).toMatchObject({ added: true });
    const digests = await apps.redis.hkeys('{nestwork}:unique');
    expect(digests).toHaveLength(2);
  });
});
