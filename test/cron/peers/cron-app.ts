import { Injectable, type Provider, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CronManager,
  QueueClient,
  Task,
  TaskContext,
  TaskQueueModule,
  type TaskQueueOptions,
} from '../../../src/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';

/** Each run: the task, its arguments, and the time for which it was fired. */
export const runs: { readonly task: string; readonly args: readonly unknown[]; readonly at: string | undefined }[] = [];

/** Those of one method: one, or several. */
type Decorators = MethodDecorator | readonly MethodDecorator[];

const made: TestingModule[] = [];

export async function closeApps(): Promise<void> {
  await Promise.all(made.splice(0).map((app) => app.close()));
  runs.length = 0;
}

interface CronApp {
  readonly app: TestingModule;
  readonly queue: TestQueue;
  readonly crons: CronManager;
  readonly client: QueueClient;
}

/** An app with one class of tasks, `Jobs`, whose clock begins at a time. */
export async function startCrons(
  now: string,
  decorators: Readonly<Record<string, Decorators>>,
  options: TaskQueueOptions = {},
  providers: readonly Provider[] = [],
): Promise<CronApp> {
  const app = await Test.createTestingModule({
    imports: [
      TaskQueueTestingModule.forRoot({ mode: 'memory', now: new Date(now) }),
      TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1', ...options }),
    ],
    providers: [classOf(decorators), ...providers],
  }).compile();
  await app.init();
  made.push(app);
  const find = <T>(type: Type<T>): T => app.get(type, { strict: false });
  return { app, queue: find(TestQueue), crons: find(CronManager), client: find(QueueClient) };
}

/** A class with a method for each decorator, which notes its runs. */
export function classOf(decorators: Readonly<Record<string, Decorators>>): Type<unknown> {
  @Injectable()
  class Jobs {
    constructor(readonly context: TaskContext) {}

    @Task()
    async byHand(...args: unknown[]): Promise<void> {
      runs.push({ task: this.context.name, args, at: undefined });
    }
  }
  Reflect.defineMetadata('design:paramtypes', [TaskContext], Jobs);
  for (const [method, given] of Object.entries(decorators)) {
    const value = async function (this: Jobs, ...args: unknown[]): Promise<void> {
      const at = this.context.cronTime?.toISOString().replace(':00.000Z', 'Z');
      runs.push({ task: this.context.name, args, at });
    };
    Object.defineProperty(Jobs.prototype, method, { value, writable: true, configurable: true });
    const descriptor = Object.getOwnPropertyDescriptor(Jobs.prototype, method) ?? {};
    for (const decorator of [given].flat()) decorator(Jobs.prototype, method, descriptor);
    Object.defineProperty(Jobs.prototype, method, descriptor);
  }
  return Jobs;
}

/** The times for which a task was fired. */
export function firedTimes(task: string): (string | undefined)[] {
  return runs.flatMap((run) => (run.task === task ? [run.at] : []));
}
