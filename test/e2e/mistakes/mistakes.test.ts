import { Apps } from '../../module/apps.js';
import { ErrorPage, normalised } from '../../support/error-page.js';
import { type Ending, ScratchApp } from '../../support/scratch-app.js';

/** The common part of every app; a test changes one thing. */
const TASKS = `
  import { Injectable } from '@nestjs/common';
  import { Task, TaskContext } from 'nestwork';

  @Injectable()
  export class StatsService {
    of(userId: number) { return { userId, visits: 3 }; }
  }

  @Injectable()
  export class ReportTasks {
    constructor(private readonly stats: StatsService, private readonly context: TaskContext) {}

    @Task()
    async send(userId: number, options?: { photo?: unknown }) {
      console.log('sending', this.stats.of(userId), 'as', this.context.id);
    }
  }
`;

const MODULE = `
  import { Module } from '@nestjs/common';
  import { TaskQueueModule } from 'nestwork';
  import { ReportTasks, StatsService } from './tasks.js';

  @Module({
    imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, commandTimeout: '1s' })],
    providers: [ReportTasks, StatsService],
  })
  export class AppModule {}
`;

/** An API that has started; the steps of the test follow. */
const API = `
  import { Injectable, Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { Cron, QueueClient, QueueHealth, Task, TaskQueueModule } from 'nestwork';
  import { AppModule } from './app.module.js';
  import { ReportTasks, StatsService } from './tasks.js';

  const start = (module) => NestFactory.createApplicationContext(module, { logger: ['warn', 'error'] });
`;

const page = new ErrorPage();
let apps: Apps;
let scratch: ScratchApp;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(async () => {
  await apps.redis.flushall();
  scratch = new ScratchApp('mistakes', { REDIS_URL: apps.url }).write('tasks.ts', TASKS).write('app.module.ts', MODULE);
});
afterEach(() => scratch.remove());
afterAll(() => apps.stop());

function api(body: string, environment: Record<string, string> = {}): Promise<Ending> {
  return scratch.write('main.ts', `${API}\n${body}`).run('main.ts', environment);
}

/** Runs a worker until it has printed the text. */
function worker(module: string, text: string): Promise<Ending> {
  const source = `
    import { Module } from '@nestjs/common';
    import { WorkerFactory, Task, TaskQueueModule } from 'nestwork';
    import { AppModule } from './app.module.js';
    ${module}
    await WorkerFactory.run(WorkerModule, { children: 1, shutdownGrace: 0 });
  `;
  return scratch.write('worker.ts', source).runUntil(text, 'worker.ts');
}

/** Every line that docs/errors.md quotes under the heading was printed. */
function expectQuoted(heading: string, ...endings: Ending[]): void {
  const printed = endings.flatMap(({ output }) => normalised(output));
  expect(printed).toEqual(expect.arrayContaining(page.quoted(heading)));
}

/** The message that docs/errors.md quotes for the code was printed. */
function expectExample(code: string, ending: Ending): void {
  expect(normalised(ending.output).join('\n')).toContain(page.example(code));
}

describe('a frequent mistake logs its cause', () => {
  it('when Redis is down, with the address and remedies', async () => {
    const ending = await api('await start(AppModule);', { REDIS_URL: 'redis://127.0.0.1:1' });
    expectQuoted('Redis is down', ending);
    expect(ending.code).toBe(1);
  });

  it('when a test has no Redis, before Jest gives up', async () => {
    const source = `
      import { Module } from '@nestjs/common';
      import { Test } from '@nestjs/testing';
      import { TaskQueueModule } from 'nestwork';

      it('boots', async () => {
        const imports = [TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1' })];
        const app = await Test.createTestingModule({ imports }).compile();
        await app.init();
      });
    `;
    const ending = await scratch.write('boots.test.ts', source).jest('boots.test.ts');
    expectQuoted('A test has no Redis', ending);
    expect(ending.code).toBe(1);
  });

  it('when no module provides the task class, at the call and in the worker', async () => {
    const sending = await api(`
      @Injectable() class OtherTasks { @Task() async run() {} }
      @Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [OtherTasks] })
      class ForgetfulModule {}
      const app = await start(ForgetfulModule);
      await app.get(QueueClient).of(ReportTasks).send.delay(7).finally(() => app.close());
    `).catch((error) => error);
    const other = await api(`
      const app = await start(AppModule);
      await app.get(QueueClient).of(ReportTasks).send.delay(7);
      await app.close();
    `);
    expect(other).toMatchObject({ code: 0 });
    const running = await worker(
      '@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })] }) class WorkerModule {}',
      'Deploy workers before',
    );
    expectQuoted('The class is provided nowhere', sending, running);
    expect(sending.code).toBe(1);
  });

  it('when forRoot is imported twice, with both modules', async () => {
    const ending = await api(`
      @Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })] }) class BillingModule {}
      @Module({ imports: [AppModule, BillingModule] }) class RootModule {}
      await start(RootModule);
    `);
    expectExample('DUPLICATE_MODULE', ending);
    expect(ending.code).toBe(1);
  });

  it('when the compiler writes no metadata, at the start', async () => {
    scratch.write('tasks.ts', TASKS, { metadata: false });
    const ending = await api('await start(AppModule);');
    expectExample('METADATA_MISSING', ending);
    expect(ending.code).toBe(1);
  });

  it('when an argument is an instance of a class, with its path and the line of the call', async () => {
    const ending = await api(`
      class User { constructor(readonly id: number) {} }
      const app = await start(AppModule);
      async function signUp(user: User) {
        await app.get(QueueClient).of(ReportTasks).send.delay(7, { photo: user });
      }
      await signUp(new User(7)).finally(() => app.close());
    `);
    expectExample('UNSERIALIZABLE_ARGUMENT', ending);
    expect(normalised(ending.output)).toContain('    at signUp (main.js:)');
    expect(ending.code).toBe(1);
  });

  it('when no worker has the task, in the app, the worker and QueueHealth', async () => {
    const sending = await api(`
      const app = await start(AppModule);
      await app.get(QueueClient).task('ReportTask.send').delay(7);
      const { queues } = await app.get(QueueHealth).check();
      console.log(queues[0].reason);
      await app.close();
    `);
    const running = await worker('const WorkerModule = AppModule;', 'Deploy workers before');
    expectQuoted('No worker has the task', sending, running);
    expect(sending.code).toBe(0);
  });

  it('when two tasks have one name, with both places', async () => {
    const ending = await api(`
      @Injectable() class MailTasks { @Task({ name: 'ReportTasks.send' }) async deliver() {} }
      @Module({ imports: [AppModule], providers: [MailTasks] }) class RootModule {}
      await start(RootModule);
    `);
    expectExample('DUPLICATE_TASK', ending);
    expect(ending.code).toBe(1);
  });

  it('when a cron time is wrong, with carets below the wrong part', async () => {
    const ending = await api(`
      @Injectable() class DigestTasks { @Cron('0 8,25 * * *') async digest() {} }
      @Module({ imports: [AppModule], providers: [DigestTasks] }) class RootModule {}
      await start(RootModule);
    `);
    expectExample('INVALID_CRON', ending);
    expect(ending.code).toBe(1);
  });

  it('when Redis evicts, in app and worker', async () => {
    await apps.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      const sending = await api('await (await start(AppModule)).close();');
      const running = await worker('const WorkerModule = AppModule;', 'Serving default');
      expectQuoted('Redis evicts', sending, running);
      expect(sending.code).toBe(0);
    } finally {
      await apps.redis.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });

  it('when the method is called directly, as soon as it reads TaskContext', async () => {
    const ending = await api('const app = await start(AppModule); await app.get(ReportTasks).send(7);');
    expectQuoted('The method is called directly', ending);
    expect(ending.code).toBe(1);
  });

  it('when delay() is not awaited, with the task and the line of the call', async () => {
    const rejected = await api(`
      const app = await start(AppModule);
      function signUp() {
        app.get(QueueClient).of(ReportTasks).send.delay(7, { photo: Symbol('photo') });
      }
      signUp();
    `);
    const ended = await api(`
      const app = await start(AppModule);
      app.get(QueueClient).of(ReportTasks).send.delay(7);
      process.exit(0);
    `);
    expectQuoted('delay() is not awaited', rejected, ended);
    expect([rejected.code, ended.code]).toEqual([1, 0]);
  });

  it('when a test does not close the app, in Jest, and no longer with close()', async () => {
    const test = (end: string) => `
      import { Test } from '@nestjs/testing';
      import { QueueClient } from 'nestwork';
      import { AppModule } from './app.module.js';
      import { ReportTasks } from './tasks.js';

      it('sends a report', async () => {
        const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
        await app.init();
        await app.get(QueueClient).of(ReportTasks).send.delay(7);
        ${end}
      });
    `;
    const open = await scratch.write('open.test.ts', test('')).jest('open.test.ts', 'did not exit one second after');
    expectQuoted('A test leaves the app open', open);
    const closed = await scratch.write('closed.test.ts', test('await app.close();')).jest('closed.test.ts');
    expect(closed.output).toContain('1 passed');
    expect(closed.output).not.toContain('did not exit');
    expect(closed.code).toBe(0);
  });
});
