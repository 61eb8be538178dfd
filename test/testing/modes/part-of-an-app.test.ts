/** `TaskQueueTestingModule` alone, in the unit test of one controller or service. */
import { jest } from '@jest/globals';
import {
  Body,
  Controller,
  type INestApplication,
  Injectable,
  Module,
  type ModuleMetadata,
  Post,
  type Type,
} from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { z } from 'zod';
import {
  BroadcastLog,
  CronManager,
  DeadLetters,
  Payload,
  type PayloadOf,
  QueueClient,
  QueueHealth,
  Task,
  TaskContext,
  TaskHealthIndicator,
  TaskQueueModule,
} from '../../../src/index.js';
import { assertEnqueued, TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

const Address = z.object({ city: z.string() });

@Injectable()
class Mailer {
  readonly sent: string[] = [];
}

@Injectable()
class MailTasks {
  constructor(private readonly mailer: Mailer) {}

  @Task({ queue: 'mails', retries: 1 })
  async welcome(user: number): Promise<void> {
    this.mailer.sent.push(`welcome ${user}`);
    if (user < 0) throw new RangeError('no such user');
  }

  @Task()
  async move(@Payload({ schema: Address }) address: PayloadOf<typeof Address>): Promise<void> {
    this.mailer.sent.push(`move to ${address.city}`);
  }
}

@Injectable()
class AuditTasks {
  @Task()
  async note(_what: string): Promise<void> {}
}

@Controller('users')
class UsersController {
  constructor(private readonly queue: QueueClient) {}

  @Post()
  async create(@Body() { id }: { id: number }): Promise<{ taskId: string }> {
    const { id: taskId } = await this.queue
      .of(MailTasks)
      .welcome.with({ key: `user-${id}` })
      .delay(id);
    return { taskId };
  }
}

const lines = new Lines();
const made: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((app) => app.close()));
  lines.all.length = 0;
});

function builder(metadata: ModuleMetadata): TestingModuleBuilder {
  return Test.createTestingModule(metadata).setLogger(lines);
}

async function compile(metadata: ModuleMetadata): Promise<TestingModule> {
  const app = await builder(metadata).compile();
  made.push(app);
  return app;
}

const testing = [TaskQueueTestingModule];

describe('imported as it is', () => {
  it('records the calls of a controller, though no module provides the task class and the app is not initialized', async () => {
    const app = await compile({ imports: testing, controllers: [UsersController] });
    await app.get(UsersController).create({ id: 42 });
    const queue = app.get(TestQueue);
    assertEnqueued(queue, queue.of(MailTasks).welcome, [42], { queue: 'mails', key: 'user-42', times: 1 });
    expect(queue.mode).toBe('fake');
    expect(lines.all.filter((line) => !line.startsWith('log'))).toEqual([]);
  });

  it('records a call that a request causes', async () => {
    const module = await builder({ imports: testing, controllers: [UsersController] }).compile();
    const app: INestApplication = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    made.push(app);
    const body = JSON.stringify({ id: 7 });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${await app.getUrl()}/users`, { method: 'POST', headers, body });
    const [task] = app.get(TestQueue).enqueued();
    expect(await response.json()).toEqual({ taskId: task?.id });
    expect(task).toMatchObject({ name: 'MailTasks.welcome', args: [7] });
  });

  it('accepts calls of tasks that the part of an app does not provide, beside those that it provides', async () => {
    const app = await compile({ imports: testing, controllers: [UsersController], providers: [AuditTasks] });
    await app.init();
    await app.get(UsersController).create({ id: 42 });
    expect(app.get(TestQueue).enqueued()).toMatchObject([{ name: 'MailTasks.welcome', args: [42] }]);
  });

  it('accepts calls with any queue, since the test declares none', async () => {
    const app = await compile({ imports: testing });
    await app.get(QueueClient).of(AuditTasks).note.with({ queue: 'bulk' }).delay('moved');
    expect(app.get(TestQueue).enqueued()).toMatchObject([{ queue: 'bulk' }]);
    expect(() => app.get(QueueClient).of(AuditTasks).note.with({ queue: 'not a name' })).toThrow('INVALID_NAME');
  });

  it('refuses a payload that the schema of the task refuses', async () => {
    const app = await compile({ imports: testing });
    const { move } = app.get(QueueClient).of(MailTasks);
    await expect(move.delay({ city: 7 as never })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await move.delay({ city: 'Ulm' });
    expect(app.get(TestQueue).enqueued()).toMatchObject([{ args: [{ city: 'Ulm' }] }]);
  });

  it('gives all exports of TaskQueueModule to every module', async () => {
    const app = await compile({ imports: testing });
    await app.init();
    expect(await app.get(QueueHealth).check()).toMatchObject({ healthy: true });
    expect(await app.get(CronManager).list()).toEqual([]);
    expect(await app.get(DeadLetters).count()).toBe(0);
    expect(await app.get(BroadcastLog).gaps()).toEqual([]);
    expect(app.get(TaskContext).active).toBe(false);
    expect(app.get(TaskHealthIndicator)).toBeInstanceOf(TaskHealthIndicator);
  });

  it('is not disturbed by a mocker that mocks everything', async () => {
    const mocker = jest.fn((token: unknown) => (token === Mailer ? { sent: [] } : { get: () => undefined }));
    const app = await builder({ imports: testing, controllers: [UsersController], providers: [MailTasks] })
      .useMocker(mocker)
      .compile();
    made.push(app);
    await app.get(UsersController).create({ id: 42 });
    expect(app.get(TestQueue).enqueued()).toHaveLength(1);
  });

  it('is refused beside forRoot(), which would have another memory', async () => {
    const imports = [...testing, TaskQueueTestingModule.forRoot({ mode: 'memory' })];
    await expect(builder({ imports }).compile()).rejects.toMatchObject({ code: 'DUPLICATE_MODULE' });
  });

  it('keeps the calls of each app apart', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => compile({ imports: testing })));
    await one?.get(QueueClient).of(AuditTasks).note.delay('one');
    expect(one?.get(TestQueue).enqueued()).toHaveLength(1);
    expect(other?.get(TestQueue).enqueued()).toEqual([]);
  });
});

describe('with options', () => {
  it('runs the tasks of the test in memory, with the given defaults, in the queues that they name', async () => {
    @Injectable()
    class FlakyTasks {
      @Task({ queue: 'slow' })
      async fail(): Promise<void> {
        throw new RangeError('no luck');
      }
    }
    const defaults = { retries: 1, backoff: { type: 'fixed', delay: '1m' } } as const;
    const imports = [TaskQueueTestingModule.forRoot({ mode: 'memory', defaults })];
    const app = await compile({ imports, providers: [FlakyTasks] });
    await app.init();
    const queue = app.get(TestQueue);
    await queue.of(FlakyTasks).fail.delay();
    expect(await queue.drain()).toMatchObject([{ outcome: 'retried', queue: 'slow' }]);
    expect(await queue.advance('1m')).toMatchObject([{ outcome: 'dead', attempt: 2 }]);
  });

  it('runs a task at once in mode inline, and ends an unknown one as dead', async () => {
    const imports = [TaskQueueTestingModule.forRoot({ mode: 'inline' })];
    const app = await compile({ imports, controllers: [UsersController], providers: [MailTasks, Mailer] });
    await app.init();
    await app.get(UsersController).create({ id: 42 });
    await app.get(QueueClient).of(AuditTasks).note.delay('moved');
    expect(app.get(Mailer).sent).toEqual(['welcome 42']);
    expect(app.get(TestQueue).failures()).toMatchObject([{ name: 'AuditTasks.note', error: { code: 'UNKNOWN_TASK' } }]);
  });

  it('refuses a call before init() in mode inline, with the remedy', async () => {
    const app = await compile({ imports: [TaskQueueTestingModule.forRoot({ mode: 'inline' })] });
    const { note } = app.get(QueueClient).of(AuditTasks);
    await expect(note.delay('moved')).rejects.toThrow(/APP_NOT_INITIALIZED[\s\S]*await app\.init\(\)/);
  });

  it('refuses other queues than the given ones', async () => {
    const app = await compile({ imports: [TaskQueueTestingModule.forRoot({ queues: ['default', 'bulk'] })] });
    const { note } = app.get(QueueClient).of(AuditTasks);
    await note.with({ queue: 'bulk' }).delay('moved');
    expect(() => note.with({ queue: 'slow' })).toThrow('UNKNOWN_QUEUE');
  });

  it('uses `propagate` and `defaultQueue`', async () => {
    const propagate = () => ({ tenant: 'acme' });
    const imports = [TaskQueueTestingModule.forRoot({ propagate, defaultQueue: 'mails' })];
    const app = await compile({ imports });
    await app.get(QueueClient).of(AuditTasks).note.delay('moved');
    expect(app.get(TestQueue).enqueued()).toMatchObject([{ queue: 'mails', headers: { tenant: 'acme' } }]);
  });

  it.each([
    ['an option of Redis', { redis: 'redis://127.0.0.1:6379' }, 'has no option "redis"'],
    ['an option that there is not', { queue: 'bulk' }, 'Known options: mode'],
  ])('refuses %s', (_what, options, why) => {
    expect(() => TaskQueueTestingModule.forRoot(options as never)).toThrow(why);
  });

  it('refuses a wrong value of an option', async () => {
    const imports = [TaskQueueTestingModule.forRoot({ defaults: { retries: -1 } })];
    await expect(builder({ imports }).compile()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});

describe('beside TaskQueueModule', () => {
  const forRoot = () => TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1', queues: ['default', 'mails'] });

  it.each([
    ['before', () => [...testing, forRoot()]],
    ['after', () => [forRoot(), ...testing]],
  ])('exports the services of that module, imported %s it', async (_where, imports) => {
    const app = await compile({ imports: imports(), controllers: [UsersController], providers: [AuditTasks] });
    await app.init();
    // the client of an app that has tasks, and so refuses a class that no module provides
    await expect(app.get(UsersController).create({ id: 42 })).rejects.toMatchObject({
      code: 'TASK_CLASS_NOT_PROVIDED',
    });
    const { note } = app.get(QueueClient).of(AuditTasks);
    expect(() => note.with({ queue: 'slow' })).toThrow('UNKNOWN_QUEUE');
    await note.delay('moved');
    expect(app.get(TestQueue).enqueued()).toHaveLength(1);
  });

  it.each([
    ['before', (app: Type): Type[] => [...testing, app]],
    ['after', (app: Type): Type[] => [app, ...testing]],
  ])("lets the factory of the app's options inject TaskContext, imported %s it", async (_where, importsWith) => {
    @Injectable()
    class Tenants {
      constructor(private readonly context: TaskContext) {}

      current(): string {
        return this.context.active ? 'that of the task' : 'acme';
      }
    }
    @Module({ providers: [Tenants], exports: [Tenants] })
    class TenantModule {}
    const options = {
      imports: [TenantModule],
      inject: [Tenants],
      useFactory: (tenants: Tenants) => ({ propagate: () => ({ tenant: tenants.current() }) }),
    };
    @Module({ imports: [TaskQueueModule.forRootAsync(options)] })
    class AppModule {}
    const app = await compile({ imports: importsWith(AppModule) });
    await app.init();
    await app.get(QueueClient).of(AuditTasks).note.delay('moved');
    expect(app.get(TestQueue).enqueued()).toMatchObject([{ headers: { tenant: 'acme' } }]);
  });

  it('keeps a client that the test overrides', async () => {
    const client = { of: jest.fn() };
    const app = await builder({ imports: [forRoot(), ...testing], controllers: [UsersController] })
      .overrideProvider(QueueClient)
      .useValue(client)
      .compile();
    made.push(app);
    await app.init();
    expect(app.get(QueueClient)).toBe(client);
  });

  it('refuses options that the module of the app has', async () => {
    const imports = [forRoot(), TaskQueueTestingModule.forRoot({ queues: ['default'] })];
    await expect(builder({ imports }).compile()).rejects.toThrow(/`queues` of TaskQueueTestingModule/);
  });

  it('still refuses wrong options of the app', async () => {
    const imports = [...testing, TaskQueueModule.forRootAsync({ useFactory: () => ({ queues: [] }) })];
    await expect(builder({ imports }).compile()).rejects.toThrow(/INVALID_OPTION[\s\S]*Give names like/);
  });
});
