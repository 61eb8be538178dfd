import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import type { TaskHeaders } from '../task/headers.js';
import type { TaskInfo } from '../task/task-hooks.js';

/** Follows a task through everything it awaits. One per process, like the thread of execution it follows. */
export const runningTask = new AsyncLocalStorage<TaskInfo>();

/**
 * What the running task knows about itself, injectable anywhere; a singleton that answers for the task that asks.
 *
 * Outside a task every property throws OUTSIDE_TASK; ask `active` first where both can happen.
 *
 * @example
 * constructor(private readonly context: TaskContext) {}
 *
 * @Task()
 * async send(userId: number) {
 *   await fetch(url, { signal: this.context.signal });
 * }
 */
@Injectable()
export class TaskContext implements TaskInfo {
  /** Whether the caller runs within a task. */
  get active(): boolean {
    return runningTask.getStore() !== undefined;
  }

  get id(): string {
    return this.task.id;
  }

  get name(): string {
    return this.task.name;
  }

  get queue(): string {
    return this.task.queue;
  }

  get args(): readonly unknown[] {
    return this.task.args;
  }

  get attempt(): number {
    return this.task.attempt;
  }

  get enqueuedAt(): Date {
    return this.task.enqueuedAt;
  }

  get cronTime(): Date | undefined {
    return this.task.cronTime;
  }

  get headers(): TaskHeaders {
    return this.task.headers;
  }

  get signal(): AbortSignal {
    return this.task.signal;
  }

  private get task(): TaskInfo {
    const task = runningTask.getStore();
    if (task) return task;
    throw new NestworkError(
      'OUTSIDE_TASK',
      'TaskContext was read outside a running task.',
      'Read it in a task or in what a task calls; ask context.active where both can happen.',
    );
  }
}
