import type { TaskHeaders } from './headers.js';

/** What a task knows about itself while it runs. */
export interface TaskInfo {
  /** 20 characters, unique for ever */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** 1 at first; counts failed attempts and crashes, not releases */
  readonly attempt: number;
  /** the arguments of the call; they may be secret, so think before you log them */
  readonly args: readonly unknown[];
  /** when it came into its queue: when it was sent, or when it was due */
  readonly enqueuedAt: Date;
  /** the time for which a cron fired it, which may be earlier than now; undefined for other tasks */
  readonly cronTime?: Date;
  /** what its sender gave it besides; frozen, empty for most */
  readonly headers: TaskHeaders;
  /** aborts when the worker can wait no longer; `signal.reason` says why */
  readonly signal: AbortSignal;
}

/** Called before the handler. An error is logged and changes nothing. */
export interface OnTaskStart {
  onTaskStart(task: TaskInfo): void | Promise<void>;
}

/** Called after the handler has returned. An error is logged and changes nothing. */
export interface OnTaskSuccess {
  onTaskSuccess(task: TaskInfo): void | Promise<void>;
}

/** Called after the handler, or a wrapper, has thrown. An error is logged and changes nothing. */
export interface OnTaskFailure {
  onTaskFailure(task: TaskInfo, error: unknown): void | Promise<void>;
}

/**
 * Runs around every task, say in a transaction or a tracing span. It must call `next()` once and await it;
 * an error it throws fails the task.
 */
export interface WrapTask {
  wrapTask(task: TaskInfo, next: () => Promise<void>): Promise<void>;
}

/** A provider with any of the hooks. */
export type TaskHookProvider = Partial<OnTaskStart & OnTaskSuccess & OnTaskFailure & WrapTask>;
