import { AsyncLocalStorage } from 'node:async_hooks';
import { jest } from '@jest/globals';
import { Injectable, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Broadcast,
  Cron,
  DropTask,
  QueueClient,
  RetryTask,
  Task,
  TaskContext,
  TaskHooks,
  type TaskInfo,
  TaskQueueModule,
  type TaskQueueOptions,
} from '../../../src/index.js';
import { TaskQueueTestingModule, type TestMode, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

/** The data of a request, kept as by nestjs-cls. */
export const requestStore = new AsyncLocalStorage<string>();

@Injectable()
export class Notes {
  readonly all: unknown[] = [];
}

@Injectable()
export class MailTasks {
  constructor(
    private readonly notes: Notes,
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task()
  async welcome(user: number, options?: { at: Date }): Promise<void> {
    this.notes.all.push({ welcome: user, options, attempt: this.context.attempt, store: requestStore.getStore() });
  }

  @Task({ queue: 'bulk' })
  async both(user: number): Promise<void> {
    this.notes.all.push(`before ${this.context.name}`);
    await this.queue.of(MailTasks).welcome.delay(user);
    this.notes.all.push(`after ${this.context.name}`);
  }

  @Task({ retries: 2, backoff: { type: 'fixed', delay: '1m' } })
  async flaky(failures: number): Promise<void> {
    this.notes.all.push(this.context.attempt);
    if (this.context.attempt <= failures) throw new RangeError('no luck');
  }

  @Task({ retries: 2, backoff: { type: 'fixed', delay: '1m' } })
  async noting(failures: number, lines = 1, length = 0): Promise<void> {
    for (let line = 0; line < lines; line += 1) this.context.log('began'.padEnd(length));
    this.context.progress(0.5, `attempt ${this.context.attempt}`);
    if (this.context.attempt <= failures) throw new RangeError('no luck');
  }

  @Task({ keepDone: 2 })
  async kept(user: number): Promise<void> {
    this.notes.all.push(user);
  }

  @Task()
  async drop(): Promise<void> {
    throw new DropTask('of no use');
  }

  @Task()
  async again(): Promise<void> {
    throw new RetryTask({ in: 0 });
  }

  @Task()
  async chain(): Promise<void> {
    await this.queue.of(MailTasks).chain.delay();
  }

  @Task({ expires: '10m' })
  async urgent(): Promise<void> {
    this.notes.all.push('urgent');
  }

  @Task()
  async abortable(): Promise<void> {
    await this.queue.cancel(this.context.id);
    this.notes.all.push(this.context.signal.aborted);
    this.context.signal.throwIfAborted();
  }

  @Cron('0 8 * * *', { timeZone: 'UTC' })
  async digest(): Promise<void> {
    this.notes.all.push(this.context.cronTime);
  }

  @Broadcast()
  async forget(key: string): Promise<void> {
    this.notes.all.push(`forget ${key}`);
    if (key === 'bad') throw new RangeError('bad key');
  }

  notATask(): void {}
}

@TaskHooks()
@Injectable()
class NoteHooks {
  constructor(private readonly notes: Notes) {}

  async wrapTask(task: TaskInfo, next: () => Promise<void>): Promise<void> {
    this.notes.all.push(`wrap ${task.name}`);
    await next();
  }
}

@Module({ providers: [MailTasks, Notes], exports: [Notes] })
class MailModule {}

@Module({ providers: [NoteHooks], imports: [MailModule] })
export class HooksModule {}

/** A root module as in a user's app. No server listens at that address. */
export function appModule(options: TaskQueueOptions = {}): Type<unknown> {
  @Module({
    imports: [
      TaskQueueModule.forRootAsync({
        useFactory: async () => ({ redis: 'redis://127.0.0.1:1', queues: ['default', 'bulk'], ...options }),
      }),
      MailModule,
    ],
  })
  class AppModule {}
  return AppModule;
}

/** Of some day. */
const NOON = Date.UTC(2026, 2, 1, 12);

/** Apps under test; `close` after each. */
export class MailApps {
  readonly lines = new Lines();
  private readonly made: TestingModule[] = [];

  constructor(private readonly mode: TestMode) {}

  /** An app of the mode, with its senders and its events. */
  async start(...modules: Type<unknown>[]): Promise<MailApp> {
    const app = await this.compile(...modules);
    await app.init();
    return new MailApp(app);
  }

  async compile(...modules: Type<unknown>[]): Promise<TestingModule> {
    const testing = TaskQueueTestingModule.forRoot({ mode: this.mode });
    // where the clock of a test begins: its cron must not come due when a test moves it by an hour or two
    const clock = jest.spyOn(Date, 'now').mockReturnValue(NOON);
    const app = await Test.createTestingModule({ imports: [appModule(), ...modules, testing] })
      .setLogger(this.lines)
      .compile()
      .finally(() => clock.mockRestore());
    this.made.push(app);
    return app;
  }

  async close(): Promise<void> {
    await Promise.all(this.made.splice(0).map((app) => app.close()));
    this.lines.all.length = 0;
  }
}

export class MailApp {
  readonly queue: TestQueue;
  readonly notes: unknown[];
  readonly send;

  constructor(readonly app: TestingModule) {
    this.queue = app.get(TestQueue);
    this.notes = app.get(Notes, { strict: false }).all;
    this.send = app.get(QueueClient, { strict: false }).of(MailTasks);
  }
}
