import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { EnqueueUnconfirmedError } from '../../src/errors.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { Apps } from '../module/apps.js';

class CacheTasks {
  @Broadcast()
  forget(_key: string): void {}

  @Task()
  count(_key: string): void {}
}

class OtherTasks {
  @Task()
  run(): void {}
}

let apps: Apps;
let queue: QueueClient;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  const app = await apps.boot({ imports: [apps.queue({ commandTimeout: '1s' })], providers: [CacheTasks] });
  queue = app.get(QueueClient, { strict: false });
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function sent(): Promise<unknown[]> {
  const entries = await apps.redis.xrange('{nestwork}:broadcasts', '-', '+');
  return entries.map(([, [, kind, , message = '']]) => {
    const { name, args } = decodeMessage(message);
    return [kind, name, ...args];
  });
}

const A = ['call', 'CacheTasks.forget', 'a'];
const B = ['call', 'CacheTasks.forget', 'b'];

describe('a broadcast is sent', () => {
  it('with of(), by its method, and by its name, to the stream and to no queue', async () => {
    const handle = await queue.of(CacheTasks).forget.delay('a');
    expect(handle).toEqual({
      id: expect.stringMatching(/^[0-9a-z]{20}$/),
      name: 'CacheTasks.forget',
      queue: '(broadcast)',
      added: true,
    });
    await queue.task(CacheTasks.prototype.forget).delay('a');
    await queue.task<[string]>('CacheTasks.forget').delay('a');
    expect(await sent()).toEqual([A, A, A]);
    expect(await apps.redis.keys('{nestwork}:queue:*')).toEqual([]);
  });

  it('with delayMany(), in order', async () => {
    await queue.of(CacheTasks).forget.delayMany([['a'], ['b']]);
    expect(await sent()).toEqual([A, B]);
  });

  it('by name from an app without its class, by the catalog of the workers', async () => {
    const entry = { name: 'CacheTasks.forget', queue: '(broadcast)', broadcast: 'child' };
    await apps.redis.hset('{nestwork}:catalog', entry.name, JSON.stringify(entry));
    const app = await apps.boot({ imports: [apps.queue()], providers: [OtherTasks] });
    const other = app.get(QueueClient, { strict: false });
    await other.task<[string]>('CacheTasks.forget').delay('a');
    expect(await sent()).toEqual([A]);
    const late = other.task<[string]>('CacheTasks.forget').with({ delay: '1m' });
    await expect(late.delay('b')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('with() on broadcast "CacheTasks.forget" has no option "delay"'),
    });
    const keyed = other.task<[string]>('CacheTasks.forget').with({ key: 'k' });
    await expect(keyed.delay('b')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await sent()).toEqual([A]);
  });

  it('once under one id, by each way to send', async () => {
    const [one = '', other = ''] = [new TaskIdSequence().next(), new TaskIdSequence().next()];
    const { forget } = queue.of(CacheTasks);
    await forget.with({ id: one }).delay('a');
    await forget.with({ id: one }).delay('a');
    await forget.with({ ids: [one, other] }).delayMany([['a'], ['b']]);
    expect(await sent()).toEqual([A, B]);
  });

  it('with an unknown outcome when Redis does not answer, and once when it is repeated', async () => {
    const { forget } = queue.of(CacheTasks);
    apps.server.pause();
    const error = await forget.delay('a').catch((reason: EnqueueUnconfirmedError) => reason);
    apps.server.resume();
    expect(error).toMatchObject({ code: 'ENQUEUE_UNCONFIRMED' });
    await forget.with({ id: (error as EnqueueUnconfirmedError).taskIds[0] as string }).delay('a');
    expect(await sent()).toEqual([A]);
  });
});

describe('with() on a broadcast', () => {
  it.each([{ queue: 'default' }, { delay: '1m' }, { eta: new Date() }, { retries: 3 }, { key: 'k' }] as const)(
    'refuses %p',
    (options) => {
      expect(() => queue.of(CacheTasks).forget.with(options)).toThrow(
        expect.objectContaining({
          code: 'INVALID_OPTION',
          message: expect.stringMatching(/with\(\) on broadcast "CacheTasks\.forget" has no option/),
        }),
      );
      expect(() => queue.task(CacheTasks.prototype.forget).with(options)).toThrow('with() on broadcast');
    },
  );

  it('still checks ids', () => {
    expect(() => queue.of(CacheTasks).forget.with({ id: '42' })).toThrow(
      expect.objectContaining({ code: 'INVALID_TASK_ID' }),
    );
  });
});

it('the arguments of a broadcast are checked like those of a task', async () => {
  const { forget } = queue.of(CacheTasks);
  await expect(forget.delay((() => {}) as unknown as string)).rejects.toMatchObject({
    code: 'UNSERIALIZABLE_ARGUMENT',
  });
  expect(await sent()).toEqual([]);
});
