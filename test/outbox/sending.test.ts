/** What an app sends within transactions, over real databases. */
import { Injectable, Module } from '@nestjs/common';
import { QueueClient } from '../../src/client/queue-client.js';
import type { TaskSender } from '../../src/client/task-sender.js';
import type { TransactionClient } from '../../src/client/transaction-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';
import type { TaskQueueOptions } from '../../src/options/options.js';
import type { SendInfo, SentTask, WrapSend } from '../../src/task/task-hooks.js';
import { Apps } from '../module/apps.js';
import { CommandMonitor } from '../support/command-monitor.js';
import { eventually } from '../support/eventually.js';
import { describeDatabases } from '../support/outbox-databases.js';

interface User {
  tenant: string;
}

@Injectable()
class ReportTasks {
  @Task({ queue: 'bulk', result: '1h' })
  async send(_id: number): Promise<void> {}

  @Task({ limits: [{ name: 'stripe', concurrency: 1, key: (user: User) => user.tenant }], priority: 3 })
  async charge(_user: User): Promise<void> {}

  @Task({ limits: [{ name: 'once', concurrency: 1, onLimit: 'drop' }] })
  async once(): Promise<void> {}

  @Broadcast()
  async clear(_name: string): Promise<void> {}
}

@Injectable()
@TaskHooks()
class Tracing implements WrapSend {
  async wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>): Promise<void> {
    send.headers.trace = `${send.name} ${send.count}`;
    await next();
  }
}

@Module({ providers: [ReportTasks, Tracing] })
class TasksModule {}

let apps: Apps;
beforeAll(async () => {
  apps = await Apps.start();
});
afterEach(() => apps.close());
afterAll(() => apps.stop());

describeDatabases('a task that is sent within a transaction', (database) => {
  async function boot(options: TaskQueueOptions = {}): Promise<QueueClient> {
    const outbox = { database: database.outbox };
    const queue = apps.queue({ queues: ['default', 'bulk'], outbox, ...options });
    const app = await apps.boot({ imports: [queue, TasksModule] });
    return app.get(QueueClient, { strict: false });
  }

  /** An app whose rows stay. */
  const bootWithout = (options: TaskQueueOptions = {}): Promise<QueueClient> =>
    boot({ outbox: { database: database.outbox, relay: false }, ...options });

  it('comes to Redis after the commit', async () => {
    const queue = await boot();
    const handle = await database.transaction(async (transaction) => {
      const sent = await queue.in(transaction).of(ReportTasks).send.delay(7);
      expect(await sent.status()).toEqual({ state: 'unconfirmed' });
      return sent;
    });
    expect(handle).toMatchObject({ name: 'ReportTasks.send', queue: 'bulk', added: true });
    await eventually(async () => expect(await handle.status()).toMatchObject({ state: 'pending', queue: 'bulk' }));
    expect(await apps.waiting('bulk')).toMatchObject([{ id: handle.id, name: 'ReportTasks.send', args: [7] }]);
    await eventually(async () => expect(await database.rows()).toBe(0));
  });

  it('does not come to Redis after a rollback', async () => {
    const queue = await bootWithout();
    const failing = database.transaction(async (transaction) => {
      await queue.in(transaction).of(ReportTasks).send.delay(7);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database.rows()).toBe(0);
  });

  it('asks Redis for nothing before the commit', async () => {
    const queue = await bootWithout();
    const monitor = await CommandMonitor.start(apps.server.port, 'without scripts');
    await database.transaction(async (transaction) => {
      const { send, charge } = queue.in(transaction).of(ReportTasks);
      await send.delay(7);
      await send.with({ key: 'k', delay: '1m' }).delay(7);
      await send.delayMany([[1], [2]]);
      await charge.delay({ tenant: 'acme' });
    });
    const commands = await monitor.seen(apps.redis);
    monitor.stop();
    expect(commands).toEqual([]);
    expect(await database.rows()).toBe(5);
  });

  /** What lies in Redis, without what differs between two calls: ids and times. */
  async function stored(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const key of (await apps.redis.keys('{nestwork}:*')).sort()) {
      const name = key.slice('{nestwork}:'.length);
      if (/^(seen|relay|outboxes|bell|alarm|format|catalog|session|kept)/.test(name)) continue;
      const values =
        (await apps.redis.type(key)) === 'list'
          ? await apps.redis.lrange(key, 0, -1)
          : (await apps.redis.type(key)) === 'zset'
            ? await apps.redis.zrange(key, '0', '-1')
            : (await apps.redis.type(key)) === 'stream'
              ? (await apps.redis.xrange(key, '-', '+')).map(([, fields]) => fields.join(' '))
              : Object.entries(await apps.redis.hgetall(key)).map(([field, value]) => `${field} ${value}`);
      found[name] = values.map((value) => value.replace(/\d{13}|[0-9a-z]{20}10000[0-9a-z]{9}/g, '#'));
    }
    return found;
  }

  type Send = (queue: Pick<TransactionClient, 'of' | 'task'>) => Promise<unknown>;
  const TOMORROW = new Date(Date.now() + 86_400_000);

  it.each<[string, Send]>([
    ['a call', (queue) => queue.of(ReportTasks).send.delay(7)],
    ['a call by the method', (queue) => queue.task(ReportTasks.prototype.send).delay(7)],
    ['a call by the names of its class and task', (queue) => queue.of<ReportTasks>('ReportTasks').send.delay(7)],
    ['a call by its name', (queue) => queue.task('ReportTasks.send').delay(7)],
    ['a call by a name that no app has', (queue) => queue.task('Other.send').with({ queue: 'bulk' }).delay(7)],
    ['options', (queue) => queue.of(ReportTasks).send.with({ retries: 3, expires: '1h', queue: 'default' }).delay(7)],
    ['a delay', (queue) => queue.of(ReportTasks).send.with({ delay: '1h' }).delay(7)],
    ['a time', (queue) => queue.of(ReportTasks).send.with({ eta: TOMORROW }).delay(7)],
    [
      'headers',
      (queue) =>
        queue
          .of(ReportTasks)
          .send.with({ headers: { a: 'b' } })
          .delay(7),
    ],
    ['a key', (queue) => queue.of(ReportTasks).send.with({ key: 'k', until: 'started' }).delay(7)],
    ['a key and limits', (queue) => queue.of(ReportTasks).charge.with({ key: 'k' }).delay({ tenant: 'acme' })],
    ['limits', (queue) => queue.of(ReportTasks).charge.delay({ tenant: 'acme' })],
    ['limits later', (queue) => queue.of(ReportTasks).charge.with({ delay: '1h' }).delay({ tenant: 'acme' })],
    ['many', (queue) => queue.of(ReportTasks).send.delayMany([[1], [2], [3]])],
    ['many with limits', (queue) => queue.of(ReportTasks).charge.delayMany([[{ tenant: 'a' }], [{ tenant: 'b' }]])],
    ['none', (queue) => queue.of(ReportTasks).send.delayMany([])],
    ['a broadcast', (queue) => queue.of(ReportTasks).clear.delay('users')],
  ])('lies in Redis as one that is sent without: %s', async (_, send) => {
    const queue = await boot({ propagate: () => ({ tenant: 'acme' }) });
    await send(queue);
    const direct = await stored();
    await apps.redis.flushall();
    await database.transaction((transaction) => send(queue.in(transaction)));
    await eventually(async () => {
      expect(await database.rows()).toBe(0);
      expect(await stored()).toEqual(direct);
    });
  });

  it('takes the place of a task with its key', async () => {
    const queue = await boot();
    const { send } = queue.of(ReportTasks);
    const first = await send.with({ key: 'k', delay: '1h' }).delay(7);
    const second = await database.transaction((transaction) =>
      queue.in(transaction).of(ReportTasks).send.with({ key: 'k', onConflict: 'replace' }).delay(8),
    );
    await eventually(async () => expect(await second.status()).toMatchObject({ state: 'pending' }));
    expect(await first.status()).toMatchObject({ state: 'unknown' });
  });

  it('is due by the time of the call, however late it is relayed', async () => {
    const queue = await bootWithout();
    const before = Date.now();
    await database.transaction((transaction) =>
      queue.in(transaction).of(ReportTasks).send.with({ delay: 50 }).delay(7),
    );
    const after = Date.now();
    await boot();
    await eventually(async () => {
      const [first = '', due = ''] = await apps.redis.zrange('{nestwork}:scheduled:bulk', '0', '-1', 'WITHSCORES');
      const [task] = await apps.waiting('bulk');
      expect(first !== '' || task !== undefined).toBe(true);
      const at = task?.enqueuedAt ?? Number(due);
      expect(at).toBeGreaterThanOrEqual(before + 50);
      expect(at).toBeLessThanOrEqual(after + 50);
    });
  });

  it('is one INSERT with others of the same call', async () => {
    const statements: string[] = [];
    const counting = {
      ...database.outbox,
      execute: (transaction: unknown, sql: string, parameters: readonly never[]) => {
        statements.push(sql);
        return database.outbox.execute(transaction, sql, parameters);
      },
    };
    const queue = await bootWithout({ outbox: { database: counting, relay: false } });
    statements.length = 0;
    await database.transaction((transaction) =>
      queue
        .in(transaction)
        .of(ReportTasks)
        .send.delayMany(Array.from({ length: 500 }, (_, id) => [id])),
    );
    expect(statements).toHaveLength(1);
    expect(await database.rows()).toBe(500);
  });

  it('is found without an argument where the app says which transaction is the current one', async () => {
    let current: unknown;
    const queue = await bootWithout({ outbox: { database: database.outbox, relay: false, current: () => current } });
    await expect(async () => queue.in()).rejects.toMatchObject({
      code: 'OUTBOX_NO_TRANSACTION',
      message: expect.stringContaining('nor from the option outbox.current'),
    });
    await database.transaction(async (transaction) => {
      current = transaction;
      await queue.in().of(ReportTasks).send.delay(7);
    });
    expect(await database.rows()).toBe(1);
  });

  describe('that cannot answer', () => {
    const refused = (what: string) =>
      expect.objectContaining({ code: 'OUTBOX_UNSUPPORTED', message: expect.stringContaining(what) });

    it('is refused, with a recipe, and adds no row', async () => {
      const queue = await bootWithout();
      await database.transaction(async (transaction) => {
        const inTransaction = queue.in(transaction);
        const { send, once } = inTransaction.of(ReportTasks);
        const sender = send as TaskSender<[number]>;
        await expect(sender.run(7)).rejects.toEqual(refused('queue.result(handle.id)'));
        await expect(sender.with({ key: 'k', onConflict: 'reject' }).delay(7)).rejects.toEqual(
          refused("onConflict: 'drop'"),
        );
        await expect(once.delay()).rejects.toEqual(refused("onLimit: 'wait'"));
        await expect(
          queue
            .batch()
            .add(sender, [[1]])
            .delay(),
        ).rejects.toEqual(refused('which makes the batch or flow'));
        expect(() => inTransaction.batch()).toThrow(refused('which makes the batch or flow'));
        expect(() => inTransaction.flow()).toThrow(refused('which makes the batch or flow'));
      });
      expect(await database.rows()).toBe(0);
    });

    it('has a handle that refuses to wait, and to cancel what is not in Redis', async () => {
      const queue = await bootWithout();
      const handle = await database.transaction((transaction) => queue.in(transaction).of(ReportTasks).send.delay(7));
      await expect(handle.result()).rejects.toEqual(refused(`queue.result('${handle.id}')`));
      await expect(handle.cancel()).rejects.toEqual(refused(`queue.cancel('${handle.id}')`));
      await boot();
      await eventually(async () => expect(await handle.cancel()).toBe('pending'));
      expect(await handle.status()).toMatchObject({ state: 'cancelled' });
    });
  });

  describe('by an app', () => {
    it('that has no outbox is refused', async () => {
      const queue = await boot({ outbox: undefined });
      await database.transaction(async (transaction) => {
        expect(() => queue.in(transaction)).toThrow(expect.objectContaining({ code: 'OUTBOX_NOT_CONFIGURED' }));
      });
    });

    it('does not start without its table', async () => {
      await database.query('drop table nestwork_outbox');
      await expect(boot()).rejects.toMatchObject({ code: 'OUTBOX_TABLE_MISSING' });
    });

    it('does not start with a table of another form', async () => {
      await database.query('drop table nestwork_outbox');
      await database.query('create table nestwork_outbox (id integer)');
      await expect(boot()).rejects.toMatchObject({ code: 'OUTBOX_TABLE_OLD' });
    });

    it('starts while its database is away', async () => {
      const away = { ...database.outbox, transaction: () => Promise.reject(new Error('connect ECONNREFUSED')) };
      await boot({ outbox: { database: away, relay: false } });
      expect(apps.lines.with('The database of the outbox does not answer: connect ECONNREFUSED')).toHaveLength(1);
    });

    it('logs once why its rows stay, and once that they go on', async () => {
      let isAway = false;
      const flaky = {
        ...database.outbox,
        listen: undefined,
        transaction: (run: (transaction: unknown) => Promise<never>) =>
          isAway ? Promise.reject(new Error('gone')) : database.outbox.transaction(run),
      };
      await boot({ outbox: { database: flaky } });
      isAway = true;
      await eventually(() =>
        expect(apps.lines.with('The outbox keeps its rows, and tries again: gone')).toHaveLength(1),
      );
      isAway = false;
      await eventually(() => expect(apps.lines.with('The outbox sends its rows again.')).toHaveLength(1));
    });
  });
});
