import { jest } from '@jest/globals';
import { Injectable, Module, type Type } from '@nestjs/common';
import type { Broker } from '../../src/broker/port/broker.js';
import { BROKER } from '../../src/broker/port/tokens.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { QueueClient } from '../../src/client/queue-client.js';
import { cronsAmong } from '../../src/cron/cron-definition.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { workerApp } from '../../src/discovery/worker-app.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import { CronManager } from '../../src/inspector/cron-manager.js';
import { encodeLimitTag, limitKey, nameDigest } from '../../src/message/limit-tag.js';
import { encodeOrderTag } from '../../src/message/order-tag.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import type { LimitOptions } from '../../src/policy/limit-options.js';
import { eventually } from '../support/eventually.js';
import { Apps } from './apps.js';

interface User {
  tenant: string;
}

const STRIPE = { name: 'stripe', rate: '20/s', key: (user: User) => user.tenant } as const satisfies LimitOptions;

@Injectable()
class InvoiceTasks {
  @Task({ limits: [STRIPE], priority: 3 })
  async charge(_user: User): Promise<void> {}

  @Task({ fair: (user: User) => user.tenant })
  async remind(_user: User): Promise<void> {}

  @Task()
  async plain(): Promise<void> {}
}

@Injectable()
class ReportTasks {
  @Cron('0 0 1 1 *', { limits: [{ name: 'export', concurrency: 1, key: () => 'all' }], priority: 1 })
  async digest(): Promise<void> {}
}

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

async function boot(providers: Type[], options: TaskQueueOptions = {}) {
  @Module({ providers })
  class TestedModule {}
  return apps.boot({ imports: [apps.queue(options), TestedModule] });
}

/** The lines of a queue with the ids of their tasks. */
async function held(queue = 'default'): Promise<{ line: string; id: string }[]> {
  const members = await apps.redis.zrange(`{nestwork}:held:${queue}`, '0', '-1');
  return members.map((member) => {
    const [line = '', rest = ''] = member.split(' ');
    return { line, id: rest.slice(13, 33) };
  });
}

describe('a task with limits', () => {
  it('waits in its line, and Redis has its key in clear', async () => {
    const queue = (await boot([InvoiceTasks])).get(QueueClient, { strict: false });
    const { charge, remind, plain } = queue.of(InvoiceTasks);
    const { id } = await charge.delay({ tenant: 'acme' });
    await remind.delay({ tenant: 'acme' });
    await plain.delay();
    const key = limitKey('stripe', 'acme');
    const all = await held();
    expect(all).toHaveLength(2);
    expect(all).toContainEqual({ line: key, id });
    expect(await apps.redis.hgetall('{nestwork}:limit-labels')).toEqual({ [key]: 'acme' });
    expect((await apps.waiting()).map(({ name }) => name)).toEqual(['InvoiceTasks.plain']);
  });

  it('is sent by delayMany() with thousands of keys', async () => {
    const queue = (await boot([InvoiceTasks])).get(QueueClient, { strict: false });
    const calls = Array.from({ length: 6_000 }, (_, number): [User] => [{ tenant: `t${number}` }]);
    await queue.of(InvoiceTasks).charge.delayMany(calls);
    expect(await held()).toHaveLength(6_000);
    const labels = await apps.redis.hgetall('{nestwork}:limit-labels');
    expect(Object.keys(labels)).toHaveLength(6_000);
    expect(labels[limitKey('stripe', 't5999')]).toBe('t5999');
  });

  it('has its keys in clear as a member of a batch, now or later', async () => {
    const queue = (await boot([InvoiceTasks])).get(QueueClient, { strict: false });
    const { charge, plain } = queue.of(InvoiceTasks);
    const { id } = await queue
      .batch()
      .add(charge, [[{ tenant: 'acme' }], [{ tenant: 'bolt' }]])
      .add(charge.with({ delay: '1h' }), [[{ tenant: 'core' }]])
      .add(plain, [[]])
      .delay();
    expect(id).toHaveLength(20);
    expect(await apps.redis.hgetall('{nestwork}:limit-labels')).toEqual(
      Object.fromEntries(['acme', 'bolt', 'core'].map((tenant) => [limitKey('stripe', tenant), tenant])),
    );
  });

  it('is dropped or rejected at once by a limit that is full, for its key alone', async () => {
    @Injectable()
    class LockTasks {
      @Task({ limits: [{ name: 'drops', concurrency: 1, key: (user: User) => user.tenant, onLimit: 'drop' }] })
      async drop(_user: User): Promise<void> {}

      @Task({ limits: [{ name: 'rejects', concurrency: 1, onLimit: 'reject' }] })
      async reject(): Promise<void> {}
    }
    const queue = (await boot([LockTasks])).get(QueueClient, { strict: false });
    for (const name of ['drops', 'rejects']) {
      const about = JSON.stringify({ name, keyed: name === 'drops' });
      await apps.redis.hset('{nestwork}:limits', nameDigest(name), `1 - - 0 ${about}`);
    }
    const { drop, reject } = queue.of(LockTasks);
    expect(await drop.delay({ tenant: 'acme' })).toMatchObject({ added: true });
    expect(await drop.delay({ tenant: 'acme' })).toMatchObject({ added: false, droppedBy: 'drops' });
    expect(await drop.delay({ tenant: 'bolt' })).toMatchObject({ added: true, droppedBy: undefined });
    await reject.delay();
    await expect(reject.delay()).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    const names = ['LockTasks.drop', 'LockTasks.drop', 'LockTasks.reject'];
    expect((await apps.waiting()).map(({ name }) => name)).toEqual(names);
    expect(await held()).toEqual([]);
  });

  it('is dropped by name, too, once a worker has written the catalog', async () => {
    @Injectable()
    class LockTasks {
      @Task({ limits: [{ name: 'drops', concurrency: 1, key: (user: User) => user.tenant, onLimit: 'drop' }] })
      async drop(_user: User): Promise<void> {}
    }
    const app = await boot([LockTasks]);
    const broker = app.get<Broker>(BROKER, { strict: false });
    const { catalog, settings } = workerApp((token) => app.get(token as never, { strict: false }));
    const place = { host: 'h', pid: 1, queues: ['default'] };
    await broker.openSession({ session: 'w-30000', leaseMs: 30_000, ...place, catalog, limits: settings.limits });
    const inspector = await createInspector({ redis: apps.server.url });
    try {
      const send = () => inspector.tasks.send('LockTasks.drop', [], { by: 'anna', limitKeys: { drops: 'acme' } });
      expect(await send()).toMatchObject({ added: true });
      await expect(send()).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
    } finally {
      await inspector.close();
    }
    expect((await apps.waiting()).map(({ name }) => name)).toEqual(['LockTasks.drop']);
    expect(await held()).toEqual([]);
  });

  it('is sent with the tags of its cron by runNow()', async () => {
    const app = await boot([ReportTasks]);
    const broker = app.get<Broker>(BROKER, { strict: false });
    const { catalog } = workerApp((token) => app.get(token as never, { strict: false }));
    const [cron] = cronsAmong(catalog);
    const key = limitKey('export', 'all');
    const order = encodeOrderTag({ priority: 1, ageMs: 60_000, fair: undefined });
    expect(cron?.start).toEqual({ tags: encodeLimitTag(key) + order, labels: [key, 'all'] });
    const place = { host: 'h', pid: 1, queues: ['default'] };
    await broker.openSession({ session: 'w-30000', leaseMs: 30_000, ...place, catalog });
    await broker.crons.declare(cron ? [cron] : [], 0);
    const { id } = await app.get(CronManager, { strict: false }).runNow('ReportTasks.digest');
    expect(await held()).toEqual([{ line: key, id }]);
  });
});

describe('what a worker declares', () => {
  it('are the limits of its tasks and queues, and what senders by name need', async () => {
    const limit = { concurrency: 50, rate: '100/s' } as const;
    const app = await boot([InvoiceTasks], { queues: ['default', { name: 'mail', retries: 2, limit }] });
    const { settings, catalog } = workerApp((token) => app.get(token as never, { strict: false }));
    expect(settings.limits).toEqual([
      {
        name: 'queue mail',
        concurrency: 50,
        intervalUs: 10_000,
        burst: 5,
        keyed: false,
        ordered: false,
        queue: 'mail',
      },
      { name: 'stripe', intervalUs: 50_000, burst: 1, keyed: true, ordered: false },
    ]);
    const parts = catalog.map(({ name, limits, fair, priority }) => ({ name, limits, fair, priority }));
    expect(parts).toEqual([
      { name: 'InvoiceTasks.charge', limits: [{ name: 'stripe', keyed: true }], priority: { value: 3, ageMs: 60_000 } },
      { name: 'InvoiceTasks.remind', fair: true },
      { name: 'InvoiceTasks.plain' },
    ]);
  });
});

it('a worker opens its session with the limits of its app', async () => {
  const opened = jest.spyOn(RedisBroker.prototype, 'openSession');
  await boot([InvoiceTasks], { inProcess: true });
  const limits = [{ name: 'stripe', intervalUs: 50_000, burst: 1, keyed: true, ordered: false }];
  await eventually(() => {
    expect(opened).toHaveBeenCalledWith(expect.objectContaining({ queues: ['default'], limits }));
  });
  opened.mockRestore();
});

describe('an app does not start', () => {
  const limited = (limit: LimitOptions): Type => {
    @Injectable()
    class OtherTasks {
      @Task({ limits: [limit] })
      async run(_user: User): Promise<void> {}
    }
    return OtherTasks;
  };

  it('with two tasks that declare one limit differently', async () => {
    await expect(boot([InvoiceTasks, limited({ ...STRIPE, rate: '21/s' })])).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(
        '@Task() on InvoiceTasks.charge and @Task() on OtherTasks.run declare the limit "stripe" with a different `rate`',
      ),
    });
    await expect(boot([InvoiceTasks, limited({ ...STRIPE, key: (user: User) => user.tenant })])).resolves.toBeDefined();
  });

  it('with a limit of a queue that is none', async () => {
    expect(() => boot([], { queues: ['default', { name: 'mail', limit: {} }] })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('`limit of queue "mail"` limits nothing'),
    });
  });

  it('with a cron whose key function fails', async () => {
    @Injectable()
    class BrokenTasks {
      @Interval('1h', { limits: [{ name: 'export', concurrency: 1, key: (user: User) => user.tenant }] })
      async digest(): Promise<void> {}
    }
    await expect(boot([BrokenTasks])).rejects.toMatchObject({
      code: 'INVALID_LIMIT_KEY',
      message: expect.stringContaining('limits[0].key of @Interval() on BrokenTasks.digest threw: TypeError'),
    });
  });
});

describe('a class is refused', () => {
  const decorators: [string, () => MethodDecorator, string][] = [
    ['limits of @Task()', () => Task({ limits: [{ name: 'a' }] }), 'limits[0] of @Task() on Some.run'],
    ['a priority of @Task()', () => Task({ priority: 10 }), 'priority of @Task() on Some.run'],
    [
      'onLimit of @Cron()',
      () => Cron('* * * * *', { limits: [dropping] }),
      "@Cron() on Some.run has 'drop' as `limits[0].onLimit`",
    ],
    ['onLimit of @Interval()', () => Interval('1m', { limits: [dropping] }), "@Interval() on Some.run has 'drop'"],
    [
      'limits of @Broadcast()',
      () => Broadcast({ limits: [] } as object),
      '@Broadcast() on Some.run has no option "limits"',
    ],
    ['a priority of @Broadcast()', () => Broadcast({ priority: 3 } as object), 'has no option "priority"'],
  ];
  const dropping: LimitOptions = { name: 'a', concurrency: 1, onLimit: 'drop' };

  it.each(decorators)('with wrong %s', (_what, decorator, message) => {
    expect(() => {
      class Some {
        @decorator()
        run(): void {}
      }
      return Some;
    }).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(message) }));
  });
});
