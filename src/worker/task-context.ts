import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import { BatchOfTask } from '../groups/batch.js';
import { FlowOfTask } from '../groups/flow-of-task.js';
import { notInGroup } from '../groups/group-errors.js';
import type { AttemptRecord } from '../message/attempt-record.js';
import type { TaskHeaders } from '../message/headers.js';
import type { TaskInfo } from '../task/task-hooks.js';
import { checkedLine, checkedMessage, checkedValue } from './notes/checked-note.js';
import type { RunningTask } from './running-task.js';

/** Follows a task through everything it awaits. One per process, like the thread of execution it follows. */
export const runningTask = new AsyncLocalStorage<RunningTask>();

/**
 * The data of the running task, injectable anywhere; a singleton that answers for the task that asks.
 *
 * Outside a task every property throws OUTSIDE_TASK; ask `active` first where both can happen.
 *
 * @example
 * @Injectable()
 * class FeedTasks {
 *   constructor(private readonly context: TaskContext) {}
 *
 *   @Task()
 *   async fetch(url: string) {
 *     await fetch(url, { signal: this.context.signal });
 *   }
 * }
 */
@Injectable()
export class TaskContext implements TaskInfo {
  /** Whether the caller runs within a task. */
  get active(): boolean {
    return runningTask.getStore() !== undefined;
  }

  /** the id of the handle that `delay()` gave */
  get id(): string {
    return this.task.id;
  }

  /** `Class.method`, unless the decorator gives another name */
  get name(): string {
    return this.task.name;
  }

  /** the queue it came from; `(broadcast)` in a broadcast */
  get queue(): string {
    return this.task.queue;
  }

  /** the arguments of the call; they may be secret, so think before you log them */
  get args(): readonly unknown[] {
    return this.task.args;
  }

  /** 1 at first; counts failures and crashes, not tasks that were given back */
  get attempt(): number {
    return this.task.attempt;
  }

  /** whether its data is sealed in Redis: the text of an error, which may quote it, belongs nowhere else */
  get sealed(): boolean {
    return this.task.sealed;
  }

  /** when it was sent, by the clock of the sender, or when it was due */
  get enqueuedAt(): Date {
    return this.task.enqueuedAt;
  }

  /** the time for which a cron fired it, or at which `runNow()` did; undefined for other tasks */
  get cronTime(): Date | undefined {
    return this.task.cronTime;
  }

  /** the cron that sent it; undefined for other tasks */
  get cron(): string | undefined {
    return this.task.cron;
  }

  /** the attempts before, and redrives, oldest first; at most the last twenty, empty for most tasks */
  get attempts(): readonly AttemptRecord[] {
    return this.task.attempts;
  }

  /** the place of this attempt in a trace, as a `traceparent`; undefined where no tracer has set it */
  get trace(): string | undefined {
    return this.task.trace;
  }

  /** the headers of the call; frozen, empty for most */
  get headers(): TaskHeaders {
    return this.task.headers;
  }

  /** aborts at the soft timeout, when the task is cancelled, and when the worker can wait no longer; `signal.reason` says which */
  get signal(): AbortSignal {
    return this.task.signal;
  }

  /**
   * Notes how far the task is, for `tasks show` and `inspector.tasks.get()`. The first one is sent to
   * Redis at once, later ones about once a second, and the last one when the attempt ends. Nothing is awaited, and a Redis that
   * does not answer fails no task.
   *
   * After the end of the attempt, and in a broadcast, the call does nothing.
   *
   * @param value from 0 to 1
   * @param message a text beside it; one line of at most 200 characters is kept
   * @example
   * for (let page = 1; page <= 40; page += 1) {
   *   context.progress(page / 40, `page ${page}`);
   * }
   *
   * @throws NestworkError INVALID_NOTE for another number or NaN, or a message that is no string; OUTSIDE_TASK
   */
  progress(value: number, message?: string): void {
    const { task } = this;
    const [checked, text] = [checkedValue(value), checkedMessage(message)];
    task.notes?.progress(task, checked, text);
  }

  /**
   * Adds a line to the log of the task, for `tasks show` and `inspector.tasks.get()`. The first line is sent to Redis at
   * once, and so is one that comes a second after the last write: it is there although the task then blocks its process or ends
   * it. Others are sent about once a second. Redis keeps the last 100 lines of a task, together at most 8 KiB. An attempt goes
   * on with the log of the attempt before.
   *
   * It is no logger: lines that must not be lost belong into the log of the app. As `progress()`, it does nothing after the end
   * of the attempt and in a broadcast, and fails no task when Redis does not answer.
   *
   * @param message one line of at most 1,000 characters is kept; control characters are spelled out, as in `\n`
   * @example
   * context.log('40 pages imported');
   *
   * @throws NestworkError INVALID_NOTE for a message that is no string; OUTSIDE_TASK
   */
  log(message: string): void {
    const { task } = this;
    const text = checkedLine(message);
    task.notes?.line(task, text);
  }

  /** id of the batch or flow to which the task belongs; undefined for most */
  get group(): string | undefined {
    return this.task.group;
  }

  /**
   * The batch to which the task belongs, to add tasks to it.
   *
   * @throws NestworkError NOT_IN_GROUP, OUTSIDE_TASK
   * @example
   * await context.batch.add(queue.of(ReportTasks).send, [[7, { weekly: true }]]);
   */
  get batch(): BatchOfTask {
    const { group } = this.task.message;
    if (!group) throw notInGroup('batch');
    return new BatchOfTask(group.group);
  }

  /**
   * The flow to which the task belongs, to add tasks to it. They are sent when the attempt succeeds.
   *
   * @throws NestworkError NOT_IN_GROUP, OUTSIDE_TASK
   * @example
   * return [1, 2, 3].map((page) => context.flow.add(queue.of(PartTasks).extract, page));
   */
  get flow(): FlowOfTask {
    const { task } = this;
    const { group } = task.message;
    if (!group) throw notInGroup('flow');
    task.added ??= new FlowOfTask(group);
    return task.added;
  }

  private get task(): RunningTask {
    const task = runningTask.getStore();
    if (task) return task;
    throw new NestworkError('OUTSIDE_TASK', 'TaskContext was read outside a running task.', [
      'If you called the method of a task yourself, it ran here and now: send it with queue.of(Class).method.delay(...).',
      'Read it in a task or in what a task calls; ask context.active where both can happen.',
    ]);
  }
}
