import { AsyncResource } from 'node:async_hooks';
import type { ResultBroker } from '../broker/port/result-port.js';
import type { FlowOfTask } from '../groups/flow-of-task.js';
import { type AttemptRecord, attemptsOf } from '../message/attempt-record.js';
import { freezeHeaders, type TaskHeaders } from '../message/headers.js';
import { attemptOf, type TaskMessage } from '../message/task-message.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { SoftTimeoutError, TaskCancelledError } from '../policy/task-errors.js';
import type { TaskInfo } from '../task/task-hooks.js';

const NO_ATTEMPTS: readonly AttemptRecord[] = Object.freeze([]);

/** Takes the notes of running tasks. */
export interface NoteTaker {
  /** @param text on one line; '' for none */
  progress(task: RunningTask, value: number, text: string): void;
  /** @param text on one line */
  line(task: RunningTask, text: string): void;
}

/** One attempt at a task. What few tasks ask for, a Date, headers and an AbortController, is made when asked for. */
export class RunningTask implements TaskInfo {
  private controller: AbortController | undefined;
  private tellAborted: (reason: Error) => void = () => {};
  private abortReason: Error | undefined;
  private frozen: TaskHeaders | undefined;

  private former: readonly AttemptRecord[] | undefined;

  /** @param raw the message as it lies in Redis, for its history */
  constructor(
    readonly message: TaskMessage,
    readonly queue: string,
    private readonly raw?: string,
    /** how its data lies in Redis */
    readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {
    this.sealed = message.sealed;
  }

  /** Whether all that may quote its data is sealed: its result, its errors and its notes. */
  sealed: boolean;

  /** Where this attempt is in a trace; anyone may have set it. */
  trace: string | undefined;

  /** While it runs; undefined before and after, and where nobody keeps notes. */
  notes: NoteTaker | undefined;

  /** Reads the results that are its arguments, of a task of a flow that has such arguments. */
  results: Pick<ResultBroker, 'read'> | undefined;

  /** What it adds to the flow to which it belongs; undefined while it adds nothing. */
  added: FlowOfTask | undefined;

  /** The arguments, once the results among them are there; see `fill`. */
  private filled: unknown[] | undefined;

  /** Whether somebody cancelled it, also after its signal was aborted for another reason. */
  cancelled = false;

  /** Whether its signal was aborted because it took too long. */
  get softTimedOut(): boolean {
    return this.abortReason instanceof SoftTimeoutError;
  }

  get id(): string {
    return this.message.id;
  }

  get name(): string {
    return this.message.name;
  }

  get attempt(): number {
    return attemptOf(this.message);
  }

  get enqueuedAt(): Date {
    return new Date(this.message.enqueuedAt);
  }

  get cronTime(): Date | undefined {
    const { due } = this.message.options;
    return due === undefined ? undefined : new Date(due);
  }

  get cron(): string | undefined {
    return this.message.options.cron;
  }

  get group(): string | undefined {
    return this.message.group?.group;
  }

  get attempts(): readonly AttemptRecord[] {
    this.former ??= this.message.tried && this.raw !== undefined ? this.attemptsIn(this.raw) : NO_ATTEMPTS;
    return this.former;
  }

  private attemptsIn(raw: string): readonly AttemptRecord[] {
    return attemptsOf(raw, (text) => this.payloads.openText(text, this.id));
  }

  get headers(): TaskHeaders {
    this.frozen ??= freezeHeaders(this.message.options.headers);
    return this.frozen;
  }

  get signal(): AbortSignal {
    this.controller ??= this.makeController();
    return this.controller.signal;
  }

  get args(): unknown[] {
    return this.filled ?? this.message.args;
  }

  /** A text that may quote its data, as it may lie in Redis. */
  sealedText(text: string): string {
    return this.sealed ? this.payloads.sealText(text, this.id) : text;
  }

  fill(args: unknown[]): void {
    this.filled = args;
  }

  abort(reason: Error): void {
    this.cancelled ||= reason instanceof TaskCancelledError;
    this.abortReason ??= reason;
    this.tellAborted(reason);
  }

  /** Listeners run where `abort` is called, which is in no task; they are to find the async context of theirs. */
  private makeController(): AbortController {
    const controller = new AbortController();
    if (this.abortReason) controller.abort(this.abortReason);
    else this.tellAborted = AsyncResource.bind((reason: Error) => controller.abort(reason));
    return controller;
  }
}
