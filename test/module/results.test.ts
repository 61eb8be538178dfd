import { Injectable } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { of } from 'rxjs';
import type { Broker } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { QueueClient, type TaskSenders } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { NestworkError } from '../../src/errors.js';
import { Inspector } from '../../src/inspector/inspector.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import { DropTask } from '../../src/policy/task-errors.js';
import { ResultExpiredError, ResultTimeoutError, TaskFailedError } from '../../src/results/result-errors.js';
import { Apps } from './apps.js';

interface Part {
  readonly id: number;
  readonly at: Date;
  readonly words: Map<string, bigint>;
}

const gates = new Map<string, () => void>();
const started = new Set<string>();

@Injectable()
class PartTasks {
  constructor(private readonly queue: QueueClient) {}

  @Task({ result: '1h' })
  async extract(id: number): Promise<Part> {
    return { id, at: new Date(id), words: new Map([['a', 1n]]) };
  }

  @Task()
  sum(a: number, b: number): number {
    return a + b;
  }

  @Task({ retries: 0 })
  async outer(timeout = 300): Promise<number> {
    return this.queue.of(PartTasks).sum.with({ timeout }).run(1, 2);
  }

  @Task()
  nothing(): void {}

  @Task({ retries: 1, backoff: 1 })
  async fail(text: string): Promise<string> {
    throw new Error(text);
  }

  @Task()
  async drop(): Promise<number> {
    throw new DropTask('nobody wants it');
  }

  @Task()
  large(): string {
    return 'x'.repeat(300_000);
  }

  @Task()
  odd(): unknown {
    return new PartTasks(this.queue);
  }

  @Task()
  stream() {
    return of(1, 2, 3);
  }

  @Task()
  async hold(gate: string): Promise<string> {
    started.add(gate);
    await new Promise<void>((resolve) => gates.set(gate, resolve));
    return gate;
  }
}

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(async () => {
  for (const open of gates.values()) open();
  gates.clear();
  started.clear();
  await apps.close();
});
afterAll(() => apps.stop());

async function boot(options: TaskQueueOptions = { inProcess: { concurrency: 4 } }): Promise<TestingModule> {
  return apps.boot({ imports: [apps.queue(options)], providers: [PartTasks] });
}

async function client(options?: TaskQueueOptions): Promise<{ queue: QueueClient; tasks: TaskSenders<PartTasks> }> {
  const queue = (await boot(options)).get(QueueClient);
  return { queue, tasks: queue.of(PartTasks) };
}

describe('run()', () => {
  it('resolves to what the task returned, whatever can travel', async () => {
    const { tasks } = await client();
    const part: Part = await tasks.extract.run(7);
    expect(part).toEqual({ id: 7, at: new Date(7), words: new Map([['a', 1n]]) });
    expect(await tasks.sum.run(1, 2)).toBe(3);
    expect(await tasks.nothing.run()).toBeUndefined();
    expect(await tasks.stream.run()).toBe(3);
  });

  it('of many calls at once resolves each to its own, over one connection that blocks', async () => {
    const { tasks } = await client();
    const sums = await Promise.all(Array.from({ length: 200 }, (_, at) => tasks.sum.run(at, at)));
    expect(sums).toEqual(Array.from({ length: 200 }, (_, at) => 2 * at));
    const clients = String(await apps.redis.client('LIST'));
    expect(clients.split('\n').filter((line) => line.includes('cmd=blmpop')).length).toBeLessThanOrEqual(1);
  });

  it('rejects with the error of a task that is dead', async () => {
    const { tasks } = await client();
    const error = await tasks.fail.run('no such part').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ code: 'TASK_FAILED', error: 'Error: no such part', attempts: 2 });
  });

  it('rejects for a task that is dropped', async () => {
    const { tasks } = await client();
    const dropped = { code: 'TASK_DROPPED', error: expect.stringContaining('nobody wants it') };
    await expect(tasks.drop.run()).rejects.toMatchObject(dropped);
  });

  it.each([
    ['large', 'RESULT_TOO_LARGE'],
    ['odd', 'UNSERIALIZABLE_RESULT'],
  ] as const)('of the task `%s`, which is done, rejects with %s', async (task, code) => {
    const { tasks } = await client();
    const error = await tasks[task].run().catch((thrown: NestworkError) => thrown);
    expect(error).toMatchObject({ code });
    expect(String((error as NestworkError).message)).toMatch(
      /and its result is lost: result (is a string of 300000 characters; the limit is 262144 bytes \(256 KiB\)\.|cannot be sent to a worker)/,
    );
    expect(await apps.redis.keys('{nestwork}:dead:*')).toEqual([]);
  });

  it('ends after its `timeout`, and the task goes on', async () => {
    const { queue, tasks } = await client();
    const handle = await tasks.hold.with({ result: '1m' }).delay('gate');
    await expect(handle.result({ timeout: 20 })).rejects.toBeInstanceOf(ResultTimeoutError);
    await expect(tasks.hold.with({ timeout: 20 }).run('other')).rejects.toMatchObject({ code: 'RESULT_TIMEOUT' });
    const again = queue.result(handle.id);
    await until(() => gates.has('gate'));
    gates.get('gate')?.();
    expect(await again).toBe('gate');
  });

  it('ends with its `signal`, and sends nothing when that has aborted before', async () => {
    const { tasks } = await client({});
    const reason = new Error('the person has left');
    await expect(tasks.sum.with({ signal: AbortSignal.abort(reason) }).run(1, 2)).rejects.toBe(reason);
    expect(await apps.waiting()).toEqual([]);
    const controller = new AbortController();
    const run = tasks.sum.with({ signal: controller.signal }).run(1, 2);
    await until(async () => (await apps.waiting()).length === 1);
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
  });

  it('keeps the result for its timeout, and 10 s at the least', async () => {
    const { tasks } = await client();
    const sent = async (): Promise<number> => {
      const [key = ''] = await apps.redis.keys('{nestwork}:result:*');
      const seconds = await apps.redis.ttl(key);
      await apps.redis.del(key);
      return Math.round(seconds / 10) * 10;
    };
    await tasks.sum.with({ timeout: 500 }).run(1, 2);
    expect(await sent()).toBe(10);
    await tasks.sum.with({ timeout: '2m' }).run(1, 2);
    expect(await sent()).toBe(120);
    await tasks.extract.run(1);
    expect(await sent()).toBe(3_600);
  });

  it('under a key that is taken waits for the task that has it', async () => {
    const { tasks } = await client();
    const held = await tasks.hold.with({ key: 'k', result: '1m' }).delay('first');
    const run = tasks.hold.with({ key: 'k' }).run('second');
    await until(() => gates.has('first'));
    gates.get('first')?.();
    expect([await held.result(), await run]).toEqual(['first', 'first']);
  });

  it('that cannot be sent rejects, and nobody waits for it', async () => {
    const { tasks } = await client();
    const run = tasks.sum.run(Symbol('x') as never, 2);
    await expect(run).rejects.toMatchObject({ code: 'UNSERIALIZABLE_ARGUMENT' });
  });

  it('with an id that was sent before finds the result of that task', async () => {
    const { tasks } = await client();
    const { id } = await tasks.extract.delay(5);
    await tasks.extract.run(6);
    expect(await tasks.extract.with({ id }).run(5)).toMatchObject({ id: 5 });
  });

  it('is refused for a task that is due when nobody waits any more', async () => {
    const { tasks } = await client({});
    const run = tasks.sum.with({ delay: '1h', timeout: '1m' }).run(1, 2);
    await expect(run).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await apps.redis.keys('{nestwork}:scheduled:*')).toEqual([]);
  });

  it('of a task that was purged rejects at its timeout as cancelled', async () => {
    const app = await boot({});
    const run = app.get(QueueClient).of(PartTasks).sum.with({ timeout: 500 }).run(1, 2);
    const rejected = expect(run).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
    await until(async () => (await apps.waiting()).length === 1);
    const broker = app.get<Broker>(BROKER, { strict: false });
    await broker.places.purge('default', { state: 'pending', passed: 0, task: undefined, before: undefined, look: 9 });
    await rejected;
  });

  it('after the end of the app rejects, and leaves no rejection that nobody handles', async () => {
    const app = await boot({});
    const { sum } = app.get(QueueClient).of(PartTasks);
    await app.close();
    await expect(sum.run(1, 2)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });

  it('rejects when the app is closed meanwhile', async () => {
    const app = await boot({});
    const run = app.get(QueueClient).of(PartTasks).sum.run(1, 2);
    await until(async () => (await apps.waiting()).length === 1);
    await Promise.all([expect(run).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' }), app.close()]);
  });

  it('goes on when Redis is gone for a while and an announcement was lost', async () => {
    const { tasks } = await client();
    const run = tasks.hold.run('gate');
    await until(() => gates.has('gate'));
    await apps.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    gates.get('gate')?.();
    expect(await run).toBe('gate');
  });
});

describe('the result of a handle', () => {
  it('can be awaited several times, before and after the end', async () => {
    const { tasks } = await client();
    const handle = await tasks.extract.delay(3);
    expect((await handle.result()).id).toBe(3);
    expect((await handle.result()).id).toBe(3);
  });

  it('of delayMany() is that of each call', async () => {
    const { tasks } = await client();
    const handles = await tasks.sum.with({ result: '1m' }).delayMany([
      [1, 2],
      [3, 4],
    ]);
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([3, 7]);
  });

  it('is refused at once for a task that keeps none', async () => {
    const { queue, tasks } = await client({});
    const handle = await tasks.sum.delay(1, 2);
    await expect(handle.result()).rejects.toMatchObject({ code: 'RESULT_NOT_KEPT' });
    await expect(queue.result(handle.id)).rejects.toMatchObject({ code: 'RESULT_NOT_KEPT' });
  });

  it('rejects for a task that is cancelled, waiting or running', async () => {
    const { tasks } = await client({ inProcess: { concurrency: 1 } });
    const keeping = tasks.hold.with({ result: '1m' });
    const [running, waiting] = [await keeping.delay('gate'), await keeping.delay('other')];
    await until(() => gates.has('gate'));
    const results = [running, waiting].map((handle) =>
      expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' }),
    );
    await Promise.all([running.cancel(), waiting.cancel()]);
    await Promise.all(results);
  });
});

describe('queue.result()', () => {
  it('finds the result of a task that another process has sent, before and after its end', async () => {
    const { tasks } = await client();
    const other = await client({});
    const handle = await tasks.hold.with({ result: '1m' }).delay('gate');
    const result: Promise<string> = other.queue.result<string>(handle.id);
    await until(() => gates.has('gate'));
    gates.get('gate')?.();
    expect(await result).toBe('gate');
    expect(await other.queue.result(handle.id)).toBe('gate');
  });

  it('rejects for a task that is not known any more', async () => {
    const { queue } = await client({});
    await expect(queue.result('k3v9x0q2m70000000001')).rejects.toBeInstanceOf(ResultExpiredError);
    await expect(queue.result('42')).rejects.toMatchObject({ code: 'INVALID_TASK_ID' });
  });

  it('of a task that is dead rejects until it is redriven', async () => {
    const { queue, tasks } = await client();
    const handle = await tasks.fail.with({ result: '1m', retries: 0 }).delay('x');
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_FAILED', attempts: 1 });
    await expect(queue.result(handle.id)).rejects.toBeInstanceOf(TaskFailedError);
  });
});

describe('a task that is sent by its name', () => {
  it('keeps its result where its decorator says so', async () => {
    await client();
    const { queue } = await client({});
    const handle = await queue.task<[number], Part>('PartTasks.extract').delay(9);
    expect((await handle.result()).id).toBe(9);
    const elsewhere = await apps.boot({ imports: [apps.queue()] });
    const named = elsewhere.get(QueueClient).task<[number], Part>('PartTasks.extract');
    expect((await (await named.with({ queue: 'default' }).delay(8)).result()).id).toBe(8);
  });

  it('by the inspector keeps it, too', async () => {
    const app = await boot();
    const inspector = app.get(Inspector);
    const { id } = await inspector.tasks.send('PartTasks.extract', [4], { by: 'anna' });
    expect(await app.get(QueueClient).result<Part>(id)).toMatchObject({ id: 4 });
    const { id: other } = await inspector.tasks.send('PartTasks.sum', [1, 2], { by: 'anna', result: '1m' });
    expect(await app.get(QueueClient).result(other)).toBe(3);
    const waits = inspector.tasks.send('PartTasks.sum', [1, 2], { by: 'anna', timeout: '1m' } as never);
    await expect(waits).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('a task that waits for a task that only its child could run', () => {
  const lines = (): string[] => apps.lines.with('waits by run()');

  it('is warned about once when all slots of the child wait', async () => {
    const app = await boot({ inProcess: { concurrency: 1 } });
    const { outer } = app.get(QueueClient).of(PartTasks);
    for (let round = 0; round < 2; round += 1) {
      await expect(outer.run()).rejects.toMatchObject({
        code: 'RESULT_TIMEOUT',
        error: expect.stringContaining('had not ended after 300 ms'),
      });
    }
    expect(lines()).toEqual([
      expect.stringContaining('Task "PartTasks.outer" waits by run() for task "PartTasks.sum"'),
    ]);
  });

  it('is not warned about where another slot is free', async () => {
    const { tasks } = await client();
    expect(await tasks.outer.run()).toBe(3);
    expect(lines()).toEqual([]);
  });

  it('is not warned about where another worker serves the queue', async () => {
    await boot({ inProcess: { concurrency: 1 } });
    const { tasks } = await client({ inProcess: { concurrency: 1 } });
    expect(await tasks.outer.with({ timeout: '20s' }).run(10_000)).toBe(3);
    expect(lines()).toEqual([]);
  });
});

describe('bad options', () => {
  it.each([
    ['a result of 5 s', { result: '5s' }],
    ['a result of 31 days', { result: '31d' }],
    ['no timeout', { timeout: 0 }],
    ['a signal that is none', { signal: {} }],
  ])('are refused: %s', async (_what, options) => {
    const { tasks } = await client({});
    expect(() => tasks.sum.with(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  it('are refused: a `timeout` or `signal` for delay() and delayMany()', async () => {
    const { tasks } = await client({});
    const [timed, signalled] = [
      tasks.sum.with({ timeout: '1m' }),
      tasks.sum.with({ signal: new AbortController().signal }),
    ];
    for (const sender of [timed, signalled]) {
      await expect(sender.delay(1, 2)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
      await expect(sender.delayMany([[1, 2]])).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    expect(await apps.waiting()).toEqual([]);
  });

  it('are refused: unknown ones of result()', async () => {
    const { tasks } = await client({});
    const handle = await tasks.extract.delay(1);
    await expect(handle.result({ timeOut: 1 } as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('are refused: a result of @Task() that is no time', () => {
    expect(() => Task({ result: '1 fortnight' as never })({}, 'x', { value: () => {} })).toThrow(
      expect.objectContaining({ code: 'INVALID_DURATION' }),
    );
  });
});

it('a task that keeps no result has no key more and no byte more than before', async () => {
  const { tasks } = await client();
  await tasks.sum.delay(1, 2);
  await until(async () => (await apps.redis.exists('{nestwork}:queue:default')) === 0);
  expect(await apps.redis.keys('{nestwork}:{result,answers}*')).toEqual([]);
});

it('the catalog has for how long results are kept', async () => {
  const app = await boot();
  const broker = app.get<Broker>(BROKER, { strict: false });
  await until(async () => (await broker.registeredTask('PartTasks.extract')) !== undefined);
  expect(await broker.registeredTask('PartTasks.extract')).toEqual({ queue: 'default', result: 3_600 });
  expect(await broker.registeredTask('PartTasks.sum')).toEqual({ queue: 'default', result: undefined });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${apps.lines.all.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
