import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { Inspector, QueueClient, RetryTask, Task, TaskContext, TaskQueueModule } from '../../../src/index.js';
import { TaskQueueTestingModule, type TestMode, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

const acme = (tenant: string): string => tenant;

@Injectable()
class BillingTasks {
  readonly errors: unknown[] = [];

  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
  ) {}

  @Task({ limits: [{ name: 'stripe', concurrency: 1, rate: '1/m', burst: 2, key: acme }] })
  async charge(_tenant: string): Promise<void> {}

  @Task({ limits: [{ name: 'default-burst', rate: '40/s' }] })
  async quick(): Promise<void> {}

  @Task({ limits: [{ name: 'export', concurrency: 1, key: acme, ordered: true }], retries: 1, backoff: '1m' })
  async ordered(_tenant: string, fails: boolean): Promise<void> {
    if (fails && this.context.attempt === 1) throw new RangeError('no luck');
  }

  @Task({ limits: [{ name: 'api', concurrency: 5, key: acme }] })
  async stopping(_tenant: string, inMs = 0): Promise<void> {
    if (inMs > 0 && this.context.attempt === 1) throw new RetryTask({ in: inMs, limit: 'api' });
  }

  @Task({ limits: [{ name: 'drop', concurrency: 1, key: acme, onLimit: 'drop' }] })
  async dropping(_tenant: string): Promise<void> {}

  @Task({ limits: [{ name: 'reject', concurrency: 1, key: acme, onLimit: 'reject' }] })
  async rejecting(_tenant: string): Promise<void> {}

  @Task({ fair: acme })
  async fair(_tenant: string, _at: number): Promise<void> {}

  @Task({ priority: 3 })
  async urgent(): Promise<void> {}

  @Task({ queue: 'slow' })
  async slow(): Promise<void> {}

  @Task({ limits: [{ name: 'nested', concurrency: 1 }], result: '1h' })
  async outer(): Promise<void> {
    await this.await(() => this.queue.of(BillingTasks).inner.run());
  }

  @Task({ limits: [{ name: 'nested', concurrency: 1 }], result: '1h' })
  async inner(): Promise<number> {
    return 7;
  }

  @Task()
  async both(): Promise<number> {
    const { inner } = this.queue.of(BillingTasks);
    const results = await Promise.all([inner.run(), inner.run(), inner.run()]);
    return results.length;
  }

  @Task()
  async crossed(): Promise<void> {
    const { first, second } = this.queue.of(BillingTasks);
    await Promise.all([first.run(), second.run()]);
  }

  @Task({ limits: [{ name: 'first', concurrency: 1 }], result: '1h', retries: 0 })
  async first(depth = 0): Promise<void> {
    if (depth === 0) await this.await(() => this.queue.of(BillingTasks).second.run(1));
  }

  @Task({ limits: [{ name: 'second', concurrency: 1 }], result: '1h', retries: 0 })
  async second(depth = 0): Promise<void> {
    if (depth === 0) await this.await(() => this.queue.of(BillingTasks).first.run(1));
  }

  @Task()
  async hurried(): Promise<void> {
    const { quick } = this.queue.of(BillingTasks);
    await this.await(() => Promise.all([1, 2, 3].map(() => quick.run())));
  }

  private async await(act: () => Promise<unknown>): Promise<void> {
    await act().catch((error: unknown) => {
      this.errors.push(error);
    });
  }
}

const made: TestingModule[] = [];
afterEach(() => Promise.all(made.splice(0).map((app) => app.close())));

async function start(mode: TestMode) {
  @Module({
    imports: [
      TaskQueueModule.forRoot({
        redis: 'redis://127.0.0.1:1',
        queues: ['default', { name: 'slow', limit: { rate: '1/m' } }],
      }),
    ],
    providers: [BillingTasks],
  })
  class AppModule {}
  const testing = TaskQueueTestingModule.forRoot({ mode });
  const app = await Test.createTestingModule({ imports: [AppModule, testing] })
    .setLogger(new Lines())
    .compile();
  made.push(app);
  await app.init();
  const send = app.get(QueueClient, { strict: false }).of(BillingTasks);
  return { app, queue: app.get(TestQueue), send, tasks: app.get(BillingTasks) };
}

const argsOf = (runs: readonly { args: readonly unknown[] }[]): unknown[] => runs.map(({ args }) => args[0]);
const namesOf = (runs: readonly { name: string }[]): string[] => runs.map(({ name }) => name.split('.')[1] ?? '');

describe('in the mode memory', () => {
  it('a limit of concurrency runs one task after the other, those of a key in their order', async () => {
    const { queue, send } = await start('memory');
    for (const tenant of ['acme', 'globex', 'acme', 'globex']) await send.ordered.delay(tenant, false);
    expect(argsOf(await queue.drain())).toEqual(['acme', 'globex', 'acme', 'globex']);
  });

  it('a rate lets a burst run in drain(), and the others when advance() comes to their time', async () => {
    const { queue, send } = await start('memory');
    for (let at = 0; at < 4; at += 1) await send.charge.delay('acme');
    await send.charge.delay('globex');
    const { now } = queue;
    expect(argsOf(await queue.drain())).toEqual(['acme', 'acme', 'globex']);
    expect([await queue.drain(), queue.now]).toEqual([[], now]);
    expect(await queue.advance('59s')).toEqual([]);
    expect(argsOf(await queue.advance('1s'))).toEqual(['acme']);
    expect(argsOf(await queue.advance('1h'))).toEqual(['acme']);
  });

  it('a rate without a burst has that of its declaration', async () => {
    const { queue, send } = await start('memory');
    await send.quick.delayMany([[], [], [], [], []]);
    expect(await queue.drain()).toHaveLength(2);
    expect(await queue.advance(25)).toHaveLength(1);
    expect(await queue.advance(50)).toHaveLength(2);
  });

  it('the limit of a queue holds', async () => {
    const { queue, send } = await start('memory');
    await send.slow.delayMany([[], [], []]);
    expect(await queue.drain()).toHaveLength(1);
    expect(await queue.advance('2m')).toHaveLength(2);
  });

  it('tenants take turns, and a priority goes first', async () => {
    const { queue, send } = await start('memory');
    for (const at of [1, 2, 3]) await send.fair.delay('acme', at);
    for (const at of [1, 2]) await send.fair.delay('globex', at);
    const turns = (await queue.drain()).map(({ args }) => args.join(' '));
    expect(turns).toEqual(['acme 1', 'globex 1', 'acme 2', 'globex 2', 'acme 3']);
    await send.stopping.delay('acme');
    await send.urgent.delay();
    await send.urgent.with({ priority: 9 }).delay();
    expect(namesOf(await queue.drain())).toEqual(['urgent', 'urgent', 'stopping']);
    expect(queue.enqueued(send.urgent)).toHaveLength(2);
  });

  it('an ordered limit stays with a task that is tried again later', async () => {
    const { queue, send } = await start('memory');
    await send.ordered.delay('acme', true);
    await send.ordered.delay('acme', false);
    await send.ordered.delay('globex', false);
    expect(await queue.drain()).toMatchObject([{ outcome: 'retried' }, { args: ['globex', false] }]);
    expect(await queue.advance('1m')).toMatchObject([
      { args: ['acme', true], attempt: 2 },
      { args: ['acme', false], attempt: 1 },
    ]);
  });

  it('RetryTask stops the key of a limit', async () => {
    const { queue, send } = await start('memory');
    await send.stopping.delay('acme', 60_000);
    await send.stopping.delay('acme');
    await send.stopping.delay('globex');
    expect(argsOf(await queue.drain())).toEqual(['acme', 'globex']);
    expect(await queue.advance('59s')).toEqual([]);
    expect(argsOf(await queue.advance('1s'))).toEqual(['acme', 'acme']);
  });

  it('a full limit drops or rejects a call', async () => {
    const { queue, send } = await start('memory');
    expect(await send.dropping.delay('acme')).toMatchObject({ added: true });
    expect(await send.dropping.delay('acme')).toMatchObject({ added: false, droppedBy: 'drop' });
    await send.rejecting.delay('acme');
    await expect(send.rejecting.delay('acme')).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    expect(await send.dropping.delay('globex')).toMatchObject({ added: true });
    expect(namesOf(queue.enqueued())).toEqual(['dropping', 'rejecting', 'dropping']);
    expect(await queue.drain()).toHaveLength(3);
    expect(await send.dropping.delay('acme')).toMatchObject({ added: true });
  });

  it('a task that is held back is explained', async () => {
    const { app, queue, send } = await start('memory');
    await send.charge.delayMany([['acme'], ['acme']]);
    const { id } = await send.charge.delay('acme');
    await queue.drain();
    const { line, code } = await app.get(Inspector, { strict: false }).tasks.explain(id);
    expect(line?.limits).toMatchObject([{ name: 'stripe', key: 'acme', used: 0, most: 1, isShut: true }]);
    expect(code).toBe('held-back');
  });

  it('clear() makes all limits free', async () => {
    const { queue, send } = await start('memory');
    await send.charge.delayMany([['acme'], ['acme'], ['acme']]);
    await queue.drain();
    queue.clear();
    await send.charge.delayMany([['acme'], ['acme']]);
    expect(await queue.drain()).toHaveLength(2);
  });

  it('a task cannot wait for one that needs the limit that it holds', async () => {
    const { queue, send, tasks } = await start('memory');
    await send.outer.delay();
    expect(await queue.drain()).toMatchObject([{ name: 'BillingTasks.outer' }, { name: 'BillingTasks.inner' }]);
    expect(tasks.errors).toMatchObject([
      { code: 'RESULT_OUT_OF_REACH', message: expect.stringContaining('which needs the limit "nested"') },
    ]);
  });

  it('awaited tasks of one limit run one after the other', async () => {
    const { queue, send } = await start('memory');
    await send.both.delay();
    expect(namesOf(await queue.drain())).toEqual(['inner', 'inner', 'inner', 'both']);
  });

  it('tasks that wait for the limits of each other are found out', async () => {
    const { queue, send, tasks } = await start('memory');
    await send.crossed.delay();
    await queue.drain();
    expect(tasks.errors).toMatchObject([{ code: 'RESULT_OUT_OF_REACH' }]);
    expect(queue.failures()).toEqual([]);
  });

  it('a task cannot wait for one that a rate holds back', async () => {
    const { queue, send, tasks } = await start('memory');
    await send.hurried.delay();
    await queue.drain();
    expect(tasks.errors).toMatchObject([
      {
        code: 'RESULT_OUT_OF_REACH',
        message: expect.stringMatching(/the limit "default-burst" lets start at .*: no time/),
      },
    ]);
  });
});

describe.each<TestMode>(['inline', 'fake'])('in the mode %s', (mode) => {
  it('no limit holds a task back, drops or rejects it', async () => {
    const { queue, send } = await start(mode);
    for (let at = 0; at < 3; at += 1) {
      await send.charge.delay('acme');
      await send.rejecting.delay('acme');
      expect(await send.dropping.delay('acme')).toMatchObject({ added: true });
    }
    expect([queue.enqueued().length, queue.failures()]).toEqual([9, []]);
  });
});

it('a call shows its priority, and whether a limit or a tenant has a key', async () => {
  const { queue, send } = await start('fake');
  await send.urgent.delay();
  await send.charge.delay('acme');
  await send.outer.delay();
  await send.fair.with({ fairKey: 'globex' }).delay('acme', 1);
  const [urgent, charge, outer, fair] = queue.enqueued();
  expect([urgent?.priority, charge?.priority]).toEqual([3, 0]);
  expect([charge?.hasLimitKey('stripe', 'acme'), charge?.hasLimitKey('stripe', 'globex')]).toEqual([true, false]);
  expect([outer?.hasLimitKey('nested'), outer?.hasLimitKey('nested', 'acme')]).toEqual([true, false]);
  expect([fair?.hasFairKey('globex'), fair?.hasFairKey('acme'), urgent?.hasFairKey('acme')]).toEqual([
    true,
    false,
    false,
  ]);
});

it('a call without a key is refused in every mode', async () => {
  const { send } = await start('fake');
  await expect(send.charge.delay('')).rejects.toMatchObject({ code: 'INVALID_LIMIT_KEY' });
});

it.each<TestMode>(['memory', 'inline', 'fake'])('in the mode %s limits cannot be looked at or set', async (mode) => {
  const { limits } = (await start(mode)).app.get(Inspector, { strict: false });
  expect(await limits.list()).toEqual({ limits: [], cursor: undefined });
  const calls = [
    () => limits.get('stripe'),
    () => limits.key('stripe', 'acme'),
    () => limits.set('stripe', { concurrency: 1 }),
    () => limits.reset('stripe'),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'NOT_IN_MEMORY_MODE' });
});
