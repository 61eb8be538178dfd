import type { AttemptRecord } from '../message/attempt-record.js';
import type { TaskHeaders } from '../message/headers.js';

/**
 * The data of a task while it runs.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class SlowTasks implements OnTaskStart {
 *   onTaskStart({ name, enqueuedAt }: TaskInfo) {
 *     if (Date.now() - enqueuedAt.getTime() > 60_000) logger.warn(`${name} has waited for more than a minute`);
 *   }
 * }
 */
export interface TaskInfo {
  /** 20 characters, unique for ever */
  readonly id: string;
  /** `Class.method`, unless the decorator gives another name */
  readonly name: string;
  /** the queue it came from; `(broadcast)` for a broadcast */
  readonly queue: string;
  /** 1 at first; counts failed attempts and crashes, not releases */
  readonly attempt: number;
  /** the arguments of the call; they may be secret, so think before you log them */
  readonly args: readonly unknown[];
  /** whether its data is sealed in Redis: the text of an error, which may quote it, belongs nowhere else */
  readonly sealed: boolean;
  /** when it came into its queue: when it was sent, or when it was due */
  readonly enqueuedAt: Date;
  /** the time for which a cron fired it, which may be earlier than now, or at which `runNow()` did; undefined for other tasks */
  readonly cronTime?: Date;
  /** the cron that sent it; undefined for other tasks */
  readonly cron?: string;
  /** id of the batch or flow to which it belongs; undefined for most */
  readonly group?: string;
  /** the attempts before, and redrives, oldest first; at most the last twenty, empty for most tasks */
  readonly attempts: readonly AttemptRecord[];
  /** the headers of the call; frozen, empty for most */
  readonly headers: TaskHeaders;
  /** aborts when the worker can wait no longer; `signal.reason` says why */
  readonly signal: AbortSignal;
  /**
   * The place of this attempt in a trace, as a `traceparent`, for a tracer to set: the history of the task (`AttemptRecord.trace`) and its
   * log lines (`TaskLogger`) keep it. Any other text is not kept.
   */
  trace?: string;
}

/**
 * Called before the handler. An error is logged and changes nothing.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class TaskMetrics implements OnTaskStart {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskStart(task: TaskInfo) {
 *     this.metrics.count('task.start', task.name);
 *   }
 * }
 */
export interface OnTaskStart {
  /** `task` is what is known of it; a promise is awaited. */
  onTaskStart(task: TaskInfo): void | Promise<void>;
}

/**
 * Called after the handler has returned, with its result. An error is logged and changes nothing.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class TaskMetrics implements OnTaskSuccess {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskSuccess(task: TaskInfo, result: unknown) {
 *     this.metrics.count(result === undefined ? 'task.empty' : 'task.success', task.name);
 *   }
 * }
 */
export interface OnTaskSuccess {
  /** `result` is what the handler returned, or the last value of its Observable; a promise is awaited. */
  onTaskSuccess(task: TaskInfo, result: unknown): void | Promise<void>;
}

/**
 * Called after the handler, or a wrapper, has thrown. An error is logged and changes nothing.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class TaskMetrics implements OnTaskFailure {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskFailure(task: TaskInfo, error: unknown) {
 *     this.metrics.count('task.failure', `${task.name} ${error}`);
 *   }
 * }
 */
export interface OnTaskFailure {
  /** `error` is what was thrown; a promise is awaited. */
  onTaskFailure(task: TaskInfo, error: unknown): void | Promise<void>;
}

/**
 * How a task left a worker.
 *
 * @example
 * const isOver = ({ kind }: AttemptOutcome) => kind !== 'retry' && kind !== 'released';
 */
export interface AttemptOutcome {
  /**
   * - `done`: its method returned
   * - `retry`: it failed, or this worker cannot run it, and it runs again
   * - `dead`: it runs no more
   * - `dropped`: its error needs no other attempt
   * - `cancelled`: `cancel()` ended it
   * - `released`: the worker is being stopped, and the task runs again; the attempt does not count
   */
  readonly kind: 'done' | 'retry' | 'dead' | 'dropped' | 'cancelled' | 'released';
  /** what it failed with, or why it was not started; undefined for `done` */
  readonly error?: unknown;
  /** whether its method was called, or was about to be: false for an unknown task, an expired one, or bytes that are no task */
  readonly started: boolean;
  /** how long the attempt took, in ms; 0 for a task that was not started */
  readonly durationMs: number;
  /** of `retry`: ms until the task runs again */
  readonly retryInMs?: number;
}

/**
 * Called once the outcome of an attempt is known, also for tasks that cannot be started, before Redis has it. An attempt whose process dies has no
 * such call. The claim does not wait for it, and an error is logged and changes nothing.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class OutcomeMetrics implements OnTaskOutcome {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskOutcome({ name }: TaskInfo, { kind }: AttemptOutcome) {
 *     this.metrics.count(`task.${kind}`, name);
 *   }
 * }
 */
export interface OnTaskOutcome {
  /** `task` is what is known of it: of one that cannot be read, its name may be ''. It must return at once; a promise is not awaited. */
  onTaskOutcome(task: TaskInfo, outcome: AttemptOutcome): void;
}

/**
 * Runs around every task, for example in a transaction or a tracing span. It must call `next()` once and await it;
 * an error it throws fails the task. `next()` resolves to the result of the handler, to be read: a wrapper cannot replace it.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class TaskTimes implements WrapTask {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   async wrapTask(task: TaskInfo, next: () => Promise<unknown>) {
 *     await this.metrics.time(task.name, next);
 *   }
 * }
 */
export interface WrapTask {
  /** Runs around the handler, from before `onTaskSuccess` on; `next` runs the next wrapper, or the handler, and resolves to its result. */
  wrapTask(task: TaskInfo, next: () => Promise<unknown>): Promise<unknown>;
}

/**
 * The calls that one `delay()` or `delayMany()` is about to send.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class SenderNames implements WrapSend {
 *   async wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>) {
 *     send.headers['sent-by'] = process.env.HOSTNAME ?? 'unknown';
 *     await next();
 *   }
 * }
 */
export interface SendInfo {
  /** `Class.method`, unless the decorator gives another name */
  readonly name: string;
  /** how many calls: 1 of `delay()` */
  readonly count: number;
  /**
   * Whether their data is sealed in Redis: the text of an error, which may quote it, belongs nowhere else. Of a call by name that is not known yet, so
   * it is true in an app with keys.
   */
  readonly sealed: boolean;
  /** travel with each of the calls: a wrapper may add some before `next()`. Those of `with({ headers })` win over them, and they win over `propagate` */
  readonly headers: Record<string, string>;
}

/**
 * A task that was sent.
 *
 * @example
 * const ids = (sent: readonly SentTask[]) => sent.map(({ id }) => id);
 */
export interface SentTask {
  /** 20 characters; of a call whose key was taken, those of the task that has the key; of a call that a limit dropped, those of no task */
  readonly id: string;
  /** the queue in which it is; `(broadcast)` for a broadcast */
  readonly queue: string;
  /** false when the key was taken, or a limit with `onLimit: 'drop'` was full, so that nothing was added */
  readonly added: boolean;
}

/**
 * Runs around every `delay()` and `delayMany()` of the app, and around each part of a batch and each sender of a flow, for example in a tracing span. It must call `next()` once. An error that it throws
 * before that refuses the call, and nothing is sent; one that it throws after `next()` has resolved is logged, because the tasks are
 * in Redis by then. Crons are not sent by the app, and have no such wrapper.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class SendTimes implements WrapSend {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   async wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>) {
 *     await this.metrics.time(`send ${send.name}`, next);
 *   }
 * }
 */
export interface WrapSend {
  /** `next` runs the next wrapper, or sends, and resolves to what was sent. It rejects as `delay()` does. */
  wrapSend(send: SendInfo, next: () => Promise<readonly SentTask[]>): Promise<unknown>;
}

/** A provider with any of the hooks. */
export type TaskHookProvider = Partial<
  OnTaskStart & OnTaskSuccess & OnTaskFailure & OnTaskOutcome & WrapTask & WrapSend
>;
