/** Where data of sealed tasks could come into Redis beside their arguments: with a real Redis, and a worker in the process of the app. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { BatchStatus } from '../../src/groups/batch-status.js';
import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { DropTask, RetryTask } from '../../src/policy/task-errors.js';
import { TaskFailedError } from '../../src/results/result-errors.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { eventually } from '../support/eventually.js';
import { snapshot } from '../support/snapshot.js';
import { Apps } from './apps.js';

let apps: Apps;
let ran: string[];
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  ran = [];
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

const SECRET = 'anna@example.org';
const key = randomBytes(32).toString('base64');

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ result: '1h', keepDone: 10 })
  async greet(address: string): Promise<string> {
    ran.push(`greet ${address}`);
    return `Dear ${address}`;
  }

  /** Its value has a key that cannot be kept. */
  @Task({ result: '1h' })
  async odd(address: string): Promise<unknown> {
    return { [address]: () => address };
  }

  @Task({ retries: 0, result: '1h' })
  async fail(address: string): Promise<string> {
    throw new Error(`no route to ${address}`);
  }

  @Task({ retries: 0, result: '1h' })
  async drop(address: string): Promise<void> {
    throw new DropTask(`nobody at ${address}`);
  }

  @Task({ retries: 3, result: '1h' })
  async again(address: string): Promise<string> {
    if (this.context.attempt < 3) throw new RetryTask({ in: 1, message: `busy with ${address}` } as never);
    return address;
  }

  @Task()
  async ended(status: BatchStatus, address?: string): Promise<void> {
    ran.push(`ended ${status.name} ${status.state} ${address}`);
  }

  @Task({ encrypt: false, retries: 0, result: '1h' })
  async plain(address: string | TaskFailedError): Promise<string> {
    ran.push(`plain ${address}`);
    this.context.log(`got ${address}`);
    return `the text ${address}`;
  }
}

const boot = () =>
  apps.boot({
    imports: [apps.queue({ inProcess: { concurrency: 4 }, payload: { encrypt: { keys: [key] }, compress: '1KiB' } })],
    providers: [MailTasks],
  });
const inRedis = async (): Promise<string> => JSON.stringify(await snapshot(apps.redis));
const nothingInClear = async (): Promise<void> => expect(await inRedis()).not.toContain('anna');

it('a result of a sealed task that cannot be kept says why to those who have the key alone', async () => {
  const app = await boot();
  const handle = await app.get(QueueClient).of(MailTasks).odd.delay(SECRET);
  await expect(handle.result({ timeout: '30s' })).rejects.toMatchObject({
    code: 'UNSERIALIZABLE_RESULT',
    message: expect.stringContaining(SECRET),
  });
  await nothingInClear();
});

it('sealed tasks that drop, run again, wait for a result, replace others, and end batches leave nothing in clear', async () => {
  const app = await boot();
  const queue = app.get(QueueClient);
  const { greet, fail, drop, again, ended } = queue.of(MailTasks);
  await greet.with({ delay: '1h', key: SECRET }).delay(SECRET);
  await greet.with({ delay: '1h', key: SECRET, onConflict: 'replace' }).delay(`${SECRET} 2`);
  await greet.with({ delay: '1h' }).delay(SECRET.repeat(200));
  expect(await greet.run(SECRET)).toBe(`Dear ${SECRET}`);
  expect(await again.run(SECRET)).toBe(SECRET);
  await expect(drop.run(SECRET)).rejects.toMatchObject({ message: expect.stringContaining(SECRET) });
  await queue
    .batch({ name: 'good', onDone: ended })
    .add(greet, [[SECRET]])
    .delay();
  await queue
    .batch({ name: 'bad', onFailed: ended })
    .add(fail, [[SECRET]])
    .delay();
  await eventually(async () => {
    expect(ran.filter((line) => line.startsWith('ended')).sort()).toEqual([
      'ended bad failed undefined',
      'ended good done undefined',
    ]);
  });
  await nothingInClear();
});

it('a task in clear that takes the result of a sealed one in a flow is sealed', async () => {
  const app = await boot();
  const queue = app.get(QueueClient);
  const { greet, plain } = queue.of(MailTasks);
  const flow = queue.flow();
  flow.add(plain, flow.add(greet, SECRET));
  await flow.delay();
  await eventually(async () => expect(ran).toContain(`plain Dear ${SECRET}`));
  await apps.closeApps();
  await nothingInClear();
});

it('a task in clear that lacks the result of a sealed one does not quote its error', async () => {
  const app = await boot();
  const queue = app.get(QueueClient);
  const { fail, plain } = queue.of(MailTasks);
  const flow = queue.flow();
  flow.with({ onFailure: 'run' }).add(plain, flow.add(fail, SECRET));
  await flow.delay();
  await eventually(async () => expect(ran).toHaveLength(1));
  await apps.closeApps();
  expect(ran[0]).toContain(SECRET);
  await nothingInClear();
});

it('a redrive with other arguments seals them', async () => {
  const app = await boot();
  const { fail } = app.get(QueueClient).of(MailTasks);
  const { id } = await fail.delay('7');
  const dead = app.get(DeadLetters);
  await eventually(async () => expect(await dead.count()).toBe(1));
  await dead.redrive(id, { args: [SECRET] });
  await eventually(async () => expect((await dead.get(id))?.error).toContain(SECRET));
  await nothingInClear();
});
