/** Tasks with an inbox, in apps over real databases. */
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskQueueModule } from '../../src/module/task-queue.module.js';
import { inboxMigration } from '../../src/outbox/inbox/inbox-migration.js';
import type { InboxOptions } from '../../src/outbox/inbox/inbox-options.js';
import type { OutboxDatabase } from '../../src/outbox/outbox-database.js';
import { TaskQueueTestingModule } from '../../src/testing/task-queue-testing.module.js';
import type { TestMode } from '../../src/testing/test-bench.js';
import { TestQueue } from '../../src/testing/test-queue.js';
import { Inbox, type InboxStep } from '../../src/worker/inbox.js';
import { TaskContext } from '../../src/worker/task-context.js';
import { Apps } from '../module/apps.js';
import { describeOutbox, type OutboxDatabaseFixture } from '../support/outbox-databases.js';

/** What a task does with its inbox; each test has its own. */
type Act = (inbox: Inbox, context: TaskContext) => Promise<unknown>;

interface BootOptions {
  readonly mode?: TestMode;
  /** null for an app without one */
  readonly inbox?: InboxOptions | null;
  /** whether the app has an outbox, whose rows stay */
  readonly isSending?: boolean;
}

@Injectable()
class ShopTasks {
  act: Act = async () => undefined;

  constructor(
    private readonly inbox: Inbox,
    private readonly context: TaskContext,
  ) {}

  @Task({ retries: 3, result: '1h' })
  async pay(): Promise<unknown> {
    return this.act(this.inbox, this.context);
  }

  @Broadcast()
  async everywhere(): Promise<void> {
    await this.act(this.inbox, this.context);
  }
}

@Module({ providers: [ShopTasks], exports: [ShopTasks] })
class ShopModule {}

let redis: Apps;
beforeAll(async () => {
  redis = await Apps.start();
});
afterEach(() => redis.close());
afterAll(() => redis.stop());

describeOutbox('a task with an inbox', (start) => {
  let database: OutboxDatabaseFixture;
  const apps: TestingModule[] = [];
  beforeAll(async () => {
    database = await start();
  });
  beforeEach(async () => {
    await database.query('drop table if exists nestwork_inbox');
    for (const sql of inboxMigration(database.outbox.dialect)) await database.query(sql);
    await database.query('drop table if exists effects');
    await database.query('create table effects (what varchar(100) not null)');
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(() => database.stop());

  const effect =
    (what: string): InboxStep<object, void> =>
    async (transaction) => {
      await database.outbox.execute(transaction, `insert into effects values ('${what}')`, []);
    };

  async function effects(): Promise<unknown[]> {
    return (await database.query('select what from effects order by what')).map(({ what }) => what);
  }

  /** An app in a test without Redis. */
  async function boot(
    act: Act,
    { mode = 'memory', inbox = { database: database.outbox }, isSending = false }: BootOptions = {},
  ): Promise<{ app: TestingModule; queue: TestQueue }> {
    const app = await Test.createTestingModule({
      imports: [
        TaskQueueModule.forRoot({
          redis: 'redis://nowhere',
          inbox: inbox ?? undefined,
          outbox: isSending ? { database: database.outbox, relay: false } : undefined,
        }),
        TaskQueueTestingModule.forRoot({ mode }),
        ShopModule,
      ],
    }).compile();
    apps.push(app);
    await app.init();
    app.get(ShopTasks, { strict: false }).act = act;
    return { app, queue: app.get(TestQueue) };
  }

  it('goes on behind the steps that are done when it is tried again', async () => {
    const { queue } = await boot(async (inbox, context) => {
      const order = await inbox.run('order', async (transaction) => {
        await effect('order')(transaction);
        return { attempt: context.attempt };
      });
      await inbox.run('charge', async (transaction) => {
        await effect('charge')(transaction);
        if (context.attempt < 3) throw new Error('no');
      });
      return order;
    });
    await queue.of(ShopTasks).pay.delay();
    const runs = [...(await queue.drain()), ...(await queue.advance('1d'))];
    expect(runs.map(({ outcome }) => outcome)).toEqual(['retried', 'retried', 'done']);
    expect(await effects()).toEqual(['charge', 'order']);
  });

  it('returns what its step returned the first time', async () => {
    let attempts = 0;
    const { queue } = await boot(
      async (inbox) => {
        attempts += 1;
        const value = await inbox.run(async () => ({ at: new Date(attempts), attempts }));
        if (attempts < 3) throw new Error('no');
        return value;
      },
      { mode: 'inline' },
    );
    expect(await queue.of(ShopTasks).pay.run()).toEqual({ at: new Date(1), attempts: 1 });
    expect(attempts).toBe(3);
  });

  it('sends tasks once within the transaction of a step', async () => {
    await database.makeTable();
    const { queue, app } = await boot(
      async (inbox, context) => {
        await inbox.run(async (transaction) => {
          await app.get(QueueClient, { strict: false }).in(transaction).of(ShopTasks).pay.delay();
        });
        if (context.attempt < 3) throw new Error('no');
      },
      { isSending: true },
    );
    await queue.of(ShopTasks).pay.delay();
    expect(await queue.drain()).toMatchObject([{ outcome: 'retried' }]);
    expect(await queue.advance('1d')).toMatchObject([{ outcome: 'retried' }, { outcome: 'done' }]);
    expect(await database.rows()).toBe(1);
  });

  it('is not one that was called outside of tasks', async () => {
    const app = await redis.boot({ imports: [redis.queue({ inbox: { database: database.outbox } }), ShopModule] });
    // outside of a task there is none to be known by
    await expect(app.get(Inbox, { strict: false }).run(effect('a'))).rejects.toMatchObject({ code: 'OUTSIDE_TASK' });
    expect(await effects()).toEqual([]);
  });

  async function errorOf(act: Act, options: Parameters<typeof boot>[1] = {}): Promise<unknown> {
    let caught: unknown;
    const { queue } = await boot(async (inbox, context) => {
      await act(inbox, context).catch((error: unknown) => {
        caught = error;
      });
    }, options);
    await queue.of(ShopTasks).pay.delay();
    await queue.drain();
    return caught;
  }

  it('is refused a second run without a name', async () => {
    const error = await errorOf(async (inbox) => {
      await inbox.run(effect('first'));
      await inbox.run(effect('second'));
    });
    expect(error).toMatchObject({ code: 'INBOX_STEP_TWICE' });
    expect(await effects()).toEqual(['first']);
  });

  it('is refused a step within itself, for which it would wait', async () => {
    const error = await errorOf((inbox) => inbox.run('a', () => inbox.run('a', effect('inner'))));
    expect(error).toMatchObject({ code: 'INBOX_STEP_TWICE', message: expect.stringContaining('"a"') });
    expect(await effects()).toEqual([]);
  });

  it('may try a step again that has failed', async () => {
    const error = await errorOf(async (inbox) => {
      await inbox.run('a', () => Promise.reject(new Error('no'))).catch(() => {});
      await inbox.run('a', effect('done'));
    });
    expect(error).toBeUndefined();
    expect(await effects()).toEqual(['done']);
  });

  it.each<[string, Act, string]>([
    ['a step without a function', (inbox) => inbox.run('a' as never), 'INVALID_OPTION'],
    ['a step with a bad name', (inbox) => inbox.run('charge it', async () => {}), 'INVALID_NAME'],
    ['a step with an empty name', (inbox) => inbox.run('', async () => {}), 'INVALID_NAME'],
  ])('is refused %s', async (_, act, code) => {
    expect(await errorOf(act)).toMatchObject({ code });
  });

  it('is refused in an app without one', async () => {
    expect(await errorOf((inbox) => inbox.run(effect('a')), { inbox: null })).toMatchObject({
      code: 'INBOX_NOT_CONFIGURED',
    });
  });

  it('is refused in a broadcast', async () => {
    const errors: unknown[] = [];
    const { queue } = await boot(async (inbox) => {
      await inbox.run(effect('a')).catch((error: unknown) => errors.push(error));
    });
    await queue.of(ShopTasks).everywhere.delay();
    await queue.drain();
    expect(errors).toMatchObject([{ code: 'INBOX_UNSUPPORTED' }]);
  });

  it('is in an app that does not start without the table, or with one of another form', async () => {
    const inbox = { database: database.outbox, table: 'other_inbox' };
    const bootOn = (given: InboxOptions): Promise<TestingModule> =>
      redis.boot({ imports: [redis.queue({ inbox: given })] });
    await expect(bootOn(inbox)).rejects.toMatchObject({ code: 'INBOX_TABLE_MISSING' });
    await database.query('create table if not exists other_inbox (id int)');
    await expect(bootOn(inbox)).rejects.toMatchObject({ code: 'INBOX_TABLE_OLD' });
  });

  it('is in an app that starts while the database is away', async () => {
    const away: OutboxDatabase = { ...database.outbox, transaction: () => Promise.reject(new Error('gone')) };
    await redis.boot({ imports: [redis.queue({ inbox: { database: away } })] });
    expect(redis.lines.with('The database of the inbox does not answer: gone')).toHaveLength(1);
  });
});
