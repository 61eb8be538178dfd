import { Injectable, Module } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import type { TransactionClient } from '../../src/client/transaction-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import type { NestworkError } from '../../src/errors.js';
import { Apps } from '../module/apps.js';

interface User {
  tenant: string;
}

@Injectable()
class ReportTasks {
  @Task({ result: '1h' })
  async send(_id: number): Promise<void> {}

  @Task({ limits: [{ name: 'stripe', concurrency: 1, key: (user: User) => user.tenant }], priority: 3 })
  async charge(_user: User): Promise<void> {}

  @Task({ limits: [{ name: 'once', concurrency: 1, onLimit: 'drop' }] })
  async once(): Promise<void> {}

  @Broadcast()
  async clear(_name: string): Promise<void> {}
}

@Module({ providers: [ReportTasks] })
class TasksModule {}

describe('queue.afterCommit()', () => {
  let apps: Apps;
  let app: TestingModule;
  let queue: QueueClient;
  beforeAll(async () => {
    apps = await Apps.start();
  });
  beforeEach(async () => {
    app = await apps.boot({ imports: [apps.queue(), TasksModule] });
    queue = app.get(QueueClient, { strict: false });
  });
  afterEach(() => apps.close());
  afterAll(() => apps.stop());

  const keys = async (): Promise<string[]> =>
    (await apps.redis.keys('{nestwork}:*')).filter((key) => /:(queue|scheduled|held|stream|broadcasts)\b/.test(key));

  it('sends what its function has sent, in order, and returns what that returned', async () => {
    const { handle, others } = await queue.afterCommit(async (after) => {
      const { send } = after.of(ReportTasks);
      const sent = { handle: await send.delay(1), others: await send.delayMany([[2], [3]]) };
      await after.task('ReportTasks.send').delay(4);
      expect(await keys()).toEqual([]);
      expect(await sent.handle.status()).toEqual({ state: 'unconfirmed' });
      return sent;
    });
    const waiting = await apps.waiting();
    expect(waiting.map(({ args }) => args)).toEqual([[1], [2], [3], [4]]);
    expect(waiting.slice(0, 3).map(({ id }) => id)).toEqual([handle.id, ...others.map(({ id }) => id)]);
    expect(await handle.status()).toMatchObject({ state: 'pending' });
  });

  it('sends nothing when its function rejects', async () => {
    const failing = queue.afterCommit(async (after) => {
      await after.of(ReportTasks).send.delay(1);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await keys()).toEqual([]);
  });

  type Send = (after: Pick<TransactionClient, 'of' | 'task'>) => Promise<unknown>;
  const TOMORROW = new Date(Date.now() + 86_400_000);

  it.each<[string, Send, string]>([
    ['at a time', (after) => after.of(ReportTasks).send.with({ eta: TOMORROW }).delay(1), 'scheduled'],
    ['after a delay', (after) => after.of(ReportTasks).send.with({ delay: '1d' }).delay(1), 'scheduled'],
    ['with a key', (after) => after.of(ReportTasks).send.with({ key: 'a' }).delay(1), 'unique'],
    ['with a limit and a priority', (after) => after.of(ReportTasks).charge.delay({ tenant: 'acme' }), 'held'],
    ['to every process', (after) => after.of(ReportTasks).clear.delay('users'), 'broadcasts'],
  ])('sends %s', async (_, send, place) => {
    await queue.afterCommit(async (after) => {
      await send(after);
    });
    expect(await apps.redis.keys(`{nestwork}:${place}*`)).not.toEqual([]);
  });

  it('counts a delay from the call', async () => {
    let sentAt = 0;
    await queue.afterCommit(async (after) => {
      await after.of(ReportTasks).send.with({ delay: '1m' }).delay(1);
      sentAt = Date.now();
      while (Date.now() === sentAt) await apps.redis.ping();
    });
    const [, due] = await apps.redis.zrange('{nestwork}:scheduled:default', '0', '-1', 'WITHSCORES');
    expect(Number(due)).toBeLessThanOrEqual(sentAt + 60_000);
  });

  it.each<[string, (after: TransactionClient) => Promise<unknown>]>([
    ['run()', (after) => after.of(ReportTasks).send.run(1)],
    ["onConflict: 'reject'", (after) => after.of(ReportTasks).send.with({ key: 'a', onConflict: 'reject' }).delay(1)],
    ["onLimit: 'drop'", (after) => after.of(ReportTasks).once.delay()],
    ['a batch', async (after) => after.batch()],
    ['a flow', async (after) => after.flow()],
  ])('refuses %s, which has no answer before the commit', async (_, send) => {
    await expect(queue.afterCommit(send)).rejects.toMatchObject({ code: 'OUTBOX_UNSUPPORTED' });
  });

  it('refuses what is sent after its function has ended', async () => {
    let escaped: TransactionClient | undefined;
    await queue.afterCommit(async (after) => {
      escaped = after;
    });
    await expect(escaped?.of(ReportTasks).send.delay(1)).rejects.toMatchObject({ code: 'OUTBOX_NO_TRANSACTION' });
  });

  it.each<[string, unknown]>([
    ['a function without a parameter', async () => queue.of(ReportTasks).send.delay(1)],
    ['a transaction', { query: () => {} }],
    ['nothing', undefined],
  ])('refuses %s, and runs nothing', async (_, work) => {
    await expect(queue.afterCommit(work as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('queue.afterCommit(async (after) => {'),
    });
    expect(await keys()).toEqual([]);
  });

  it('says which tasks are not sent when one cannot be sent', async () => {
    await apps.redis.set('{nestwork}:queue:default', 'in the way');
    const ids: string[] = [];
    const failing = queue.afterCommit(async (after) => {
      ids.push((await after.of(ReportTasks).send.delay(1)).id, (await after.of(ReportTasks).send.delay(2)).id);
    });
    const error = (await failing.catch((reason: unknown) => reason)) as NestworkError;
    expect(error.code).toBe('AFTER_COMMIT_UNSENT');
    expect(error.message).toContain(`not sent 2 tasks: ${ids.join(', ')}.`);
    expect(error.cause).toMatchObject({ code: 'REDIS_REFUSED' });
  });
});
