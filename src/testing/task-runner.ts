import { hostname } from 'node:os';
import type { ClaimedTask } from '../broker/port/broker.js';
import { MOST_PROMOTED } from '../maintenance/promoter.js';
import { idOf } from '../message/task-message.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { TaskCancelledError } from '../policy/task-errors.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { TaskRegistry } from '../task/task-registry.js';
import { inCleanContext } from '../values/clean-context.js';
import type { Clock } from '../values/clock.js';
import { cronRuns } from '../worker/cron-run.js';
import { describeError } from '../worker/describe-error.js';
import { DoneLog, keptDone } from '../worker/done-log.js';
import {
  type Executor,
  type Failure,
  isFailure,
  type Outcome,
  type OutcomeListener,
  type PreparedTask,
} from '../worker/executor.js';
import { lineOf, reportOf } from '../worker/failure-record.js';
import { keptOf } from '../worker/kept-result.js';
import { NotesWriter } from '../worker/notes/notes-writer.js';
import type { RunningTask } from '../worker/running-task.js';
import { describeRun, type TaskRun } from './task-run.js';
import type { TestWork } from './test-work.js';

/** A task may ask to run again without a limit. */
const MOST_RETRIES = 100;

export interface TaskRunnerOptions {
  readonly work: TestWork;
  readonly executor: Executor;
  readonly registry: TaskRegistry;
  readonly clock: Clock;
  /** of the app */
  readonly payloads: PayloadCodec;
  /**
   * Whether retries are immediate and unknown tasks are dead at once. Otherwise both wait as they would in a worker.
   */
  readonly impatient: boolean;
}

/** Runs tasks in this process, as the only child of a worker would. */
export class TaskRunner {
  private readonly running = new Map<string, RunningTask>();
  /** by the id of the task, until its claim has ended */
  private readonly attempts = new Map<string, Promise<TaskRun>>();
  /** attempts at tasks that others waited for: they go before that of the one that waited */
  private nested: TaskRun[] = [];
  private readonly listeners: readonly OutcomeListener[];
  private readonly notes: NotesWriter;
  private readonly done: DoneLog;

  constructor(private readonly options: TaskRunnerOptions) {
    const { work, clock, registry } = options;
    this.notes = new NotesWriter({ write: (notes) => work.claims.note(notes), clock });
    const keep = work.claims.keepDone.bind(work.claims);
    this.done = new DoneLog(keptDone(registry.catalog()) ?? new Map(), { keep, clock });
    const crons = cronRuns((cron, run) => work.claims.recordRun(cron, run), clock);
    this.listeners = [crons, this.notes.onOutcome, this.done.onOutcome];
  }

  /**
   * Runs pending and due tasks, and broadcasts when there is none, until nothing is left. A worker does not have the
   * AsyncLocalStorage of the caller.
   */
  async *drain(): AsyncGenerator<TaskRun> {
    for (;;) {
      const runs = await inCleanContext(() => this.runNext());
      if (runs.length === 0) return;
      yield* runs;
    }
  }

  /** Runs the next broadcasts, in order; empty when there were none. */
  async runBroadcasts(): Promise<TaskRun[]> {
    const runs: TaskRun[] = [];
    for (const message of await this.options.work.broadcasts.next()) {
      const run = await this.runBroadcast(message);
      runs.push(...this.nested.splice(0), run);
    }
    return runs;
  }

  /** Runs a task that was taken, and ends its claim. The last attempt is its own, after those at tasks that it waited for. */
  async run(claimed: ClaimedTask): Promise<TaskRun[]> {
    const run = await this.attempt(claimed);
    return [...this.nested.splice(0), run];
  }

  /** Runs a task that a running one waits for. */
  async runNested(claimed: ClaimedTask): Promise<void> {
    const run = await inCleanContext(() => this.attempt(claimed));
    this.nested.push(run);
  }

  /** Whether an attempt at the task of this id is under way. */
  isAt(id: string): boolean {
    return this.attempts.has(id);
  }

  /** Resolves when the attempt under way has ended. */
  async endOf(id: string): Promise<void> {
    await this.attempts.get(id);
  }

  /** Whether it runs here; broadcasts, too. */
  isRunning(task: RunningTask): boolean {
    return this.running.get(task.id) === task;
  }

  /** Aborts the signals of a task, or of those of a group, that run here. */
  cancel(id: string): void {
    for (const task of this.running.values()) {
      if (task.id === id || task.message.group?.group === id) task.abort(new TaskCancelledError(task.name));
    }
  }

  private async attempt(claimed: ClaimedTask): Promise<TaskRun> {
    const attempt = this.toItsEnd(claimed);
    this.attempts.set(claimed.id, attempt);
    try {
      return await attempt;
    } finally {
      this.attempts.delete(claimed.id);
    }
  }

  private async toItsEnd(claimed: ClaimedTask): Promise<TaskRun> {
    const { executor } = this.options;
    const prepared = executor.prepare(claimed);
    if (isFailure(prepared)) {
      executor.outcomes.unstarted(claimed, this.decided(prepared));
      return this.end(claimed, prepared);
    }
    const { task } = prepared;
    task.notes = this.notes;
    task.results = this.options.work.results;
    const outcome = await this.outcomeOf(prepared);
    for (const listener of this.listeners) listener(task, outcome);
    executor.outcomes.ended(task, outcome.kind === 'failed' ? this.decided(outcome) : outcome);
    await Promise.all([this.notes.settled(), this.done.settled()]);
    const run = await this.end(claimed, outcome, task);
    // the results of others are not in its message
    return task.message.options.refs ? { ...run, args: task.args } : run;
  }

  private async runNext(): Promise<TaskRun[]> {
    const { work } = this.options;
    await work.promote(MOST_PROMOTED);
    const claimed = await work.claims.next();
    return claimed ? this.run(claimed) : this.runBroadcasts();
  }

  private async runBroadcast(message: string): Promise<TaskRun> {
    const { work, executor, clock, payloads } = this.options;
    const call = { id: idOf(message), message, queue: BROADCAST_QUEUE };
    const prepared = executor.prepare(call);
    const outcome = isFailure(prepared) ? prepared : await this.outcomeOf(prepared);
    executor.outcomes.broadcast(call, outcome, isFailure(prepared) ? undefined : prepared.task);
    const failed = outcome.kind === 'failed';
    const text = failed ? describeError(outcome.error).error : undefined;
    const error = text && !isFailure(prepared) ? prepared.task.sealedText(text) : text;
    const ended = { host: hostname(), pid: process.pid, ok: !failed, error, at: clock() };
    await work.broadcasts.record(call.id, { ...ended, durationMs: Math.round(outcome.durationMs) });
    return failed ? describeRun(call, payloads, 'dead', outcome.error) : describeRun(call, payloads, 'done');
  }

  private async outcomeOf(prepared: PreparedTask): Promise<Outcome> {
    const { task } = prepared;
    this.running.set(task.id, task);
    const outcome = await this.options.executor.run(prepared);
    this.running.delete(task.id);
    return outcome;
  }

  /** In exactly one of done, retry, bury. */
  private async end(claimed: ClaimedTask, outcome: Outcome, task?: RunningTask): Promise<TaskRun> {
    const { payloads, work } = this.options;
    const { claims } = work;
    if (outcome.kind === 'done' || outcome.decision.kind === 'drop') {
      const { result, group, limited } = task?.message ?? {};
      // others wait for its end
      const isAwaited = task && (result || group || limited);
      await claims.done(claimed, isAwaited ? keptOf(task, outcome) : undefined);
      if (outcome.kind === 'done') return describeRun(claimed, payloads, 'done');
      return describeRun(claimed, payloads, 'dropped', outcome.error);
    }
    const inMs = this.waitOf(outcome);
    const line = outcome.attempted || inMs !== undefined ? lineOf(outcome, this.options.clock()) : '';
    if (inMs !== undefined) {
      const { failures = 0 } = outcome.task?.message ?? {};
      const { decision } = outcome;
      // a retry without a wait would wait for the end of its own stop
      const stop = decision.kind === 'retry' && !this.options.impatient ? decision.stop : undefined;
      await claims.retry(claimed, { inMs, failures, line, counts: outcome.attempted, stop });
      return describeRun(claimed, payloads, 'retried', outcome.error);
    }
    await claims.bury(claimed, reportOf(outcome), line);
    return describeRun(claimed, payloads, 'dead', outcome.error);
  }

  /** A failure with what becomes of the task in this test. */
  private decided(failure: Failure): Failure {
    const { decision } = failure;
    if (decision.kind !== 'retry') return failure;
    const inMs = this.waitOf(failure);
    return { ...failure, decision: inMs === undefined ? { kind: 'dead' } : { ...decision, inMs } };
  }

  /** ms until it is tried again; undefined when it is dead. */
  private waitOf({ decision, task, attempted }: Failure): number | undefined {
    if (decision.kind !== 'retry' || !task) return undefined;
    if (!this.options.impatient) return decision.inMs;
    if (!attempted) return undefined;
    // one that would go on for ever is left on the schedule
    return task.message.failures < MOST_RETRIES ? 0 : Math.max(decision.inMs, 1_000);
  }
}
