import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { ChildBroker, Claimant, ClaimedTask, ClaimReply } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import { DIES, DROPS, type HardLimit, monotonicMs, type ScoreboardWriter } from '../supervisor/scoreboard.js';
import { Complaints } from '../task/complaints.js';
import { TaskCancelledError } from '../task/task-errors.js';
import { isSuspect } from '../task/task-message.js';
import { Acknowledger } from './acknowledger.js';
import { BatchSize } from './batch-size.js';
import { Conclusion } from './conclusion.js';
import { noteCronRun } from './cron-run.js';
import { type Executor, isFailure, type Outcome, type PreparedTask } from './executor.js';
import type { RunningTask } from './running-task.js';
import { StartWindow } from './start-window.js';

/** A lost ring costs this long at most, in ms. */
const BELL_TIMEOUT_MS = 5_000;
/** A child that runs tasks while it waits may hear a ring and then block: others must not rely on it for long. */
const SHARED_BELL_TIMEOUT_MS = 1_000;
/** While it drains for a suspect a child looks again this often, in ms: another may have taken it. */
const DRAIN_MS = 1_000;
const RETRY_MS = 200;
/** News of a cancelled task may come before the task. */
const REMEMBERED_CANCELS = 1_000;

export interface ClaimLoopOptions {
  readonly broker: ChildBroker;
  readonly claimant: Claimant;
  readonly concurrency: number;
  /** tasks after which the child is worn; 0 for never */
  readonly maxTasks: number;
  readonly executor: Executor;
  readonly scoreboard: ScoreboardWriter;
  /** Told once; the child works on until it is stopped. */
  readonly onWorn: () => void;
  /** Redis gave the tasks of this child to others: it must end. */
  readonly onLeaseLost: () => void;
}

/**
 * The life of a child: claim a batch, start its tasks as slots become free, end each claim, claim again, ahead of need
 * where tasks are short; without work, block on the bells. `run` resolves after `stop`, once nothing is held any more.
 *
 * What is claimed is started within its StartWindow or given back, so that a long task strands nothing behind it.
 */
export class ClaimLoop {
  private readonly logger = new Logger('TaskWorker');
  private readonly complaints = new Complaints((what) => this.logger.warn(`Trying again: ${what}`));
  private readonly stuck = new Complaints((what) =>
    this.logger.error(
      `Redis refuses to take back a task that failed or was not finished. Until it does, this child claims no task of any queue: ${what}`,
    ),
  );
  private readonly acks: Acknowledger;
  private readonly conclusion: Conclusion;
  private readonly batchSize: BatchSize;
  private readonly held = new Set<string>();
  private readonly running = new Map<string, RunningTask>();
  private readonly ending = new AbortController();
  private readonly cancelled = new Set<string>();
  private readonly window: StartWindow;
  private waiting: ClaimedTask[] = [];
  /** ids whose end Redis has confirmed since the last claim was sent */
  private forgotten: string[] = [];
  /** ids to give back; not while a claim is under way, whose number they would need */
  private unwanted: string[] = [];
  private claimNumber = 0;
  private claiming = false;
  /** whether the last claim got no answer: nobody knows what it brought */
  private unanswered = false;
  private ended = 0;
  private alone = false;
  private abortReason: Error | undefined;
  private wake: () => void = () => {};

  constructor(private readonly options: ClaimLoopOptions) {
    this.batchSize = new BatchSize(options.concurrency);
    this.window = new StartWindow(options.scoreboard, () => this.giveUpWaiting());
    this.acks = new Acknowledger(options.broker, options.claimant, {
      ended: (ids) => this.forget(ids),
      leaseLost: () => this.loseLease(),
      failed: this.complaints.about,
      refused: this.stuck.about,
    });
    this.conclusion = new Conclusion(this.acks, options.scoreboard);
  }

  async run(): Promise<void> {
    while (!this.stopping) {
      if (this.wanted > 0) await this.claim();
      else await this.change();
    }
    this.giveUpWaiting();
    this.giveBack(this.unwanted.splice(0));
    while (this.running.size > 0) await this.change();
    await this.acks.settled();
  }

  /** Takes no more tasks, gives back those not started, lets the running ones finish. Idempotent. */
  stop(): void {
    this.ending.abort();
    this.options.broker.stopWaiting();
    this.wake();
  }

  /** Aborts the signals of the running tasks; one that fails from now on is released, not counted. */
  abort(reason: Error): void {
    this.abortReason = reason;
    for (const task of this.running.values()) task.abort(reason);
  }

  /** Aborts the signal of a task if it runs here; one that was cancelled before its start is not started. */
  cancel(id: string): void {
    this.cancelled.add(id);
    const [oldest] = this.cancelled;
    if (this.cancelled.size > REMEMBERED_CANCELS && oldest !== undefined) this.cancelled.delete(oldest);
    const task = this.running.get(id);
    task?.abort(new TaskCancelledError(task.name));
  }

  private get stopping(): boolean {
    return this.ending.signal.aborted;
  }

  /** How many tasks to claim now; any number after a claim without an answer, which asks for what that one brought. */
  private get wanted(): number {
    const { concurrency, scoreboard } = this.options;
    if (this.unanswered) return 1;
    if (this.alone) return 0;
    const room = scoreboard.capacity - this.held.size;
    return Math.min(this.batchSize.next(concurrency - this.running.size, this.waiting.length), room);
  }

  private async claim(): Promise<void> {
    await this.acks.returned();
    const limit = this.wanted;
    if (limit === 0) return;
    const acks = this.acks.take();
    this.forgotten = [];
    this.claiming = true;
    const reply = await this.ask(limit, acks);
    this.claiming = false;
    if (!reply) return;
    this.forget(acks);
    // a repeated claim was acked the first time
    if (!reply.repeated && reply.acked < acks.length) this.tellStale(acks.length - reply.acked);
    this.giveBack(this.unwanted.splice(0));
    this.take(reply);
    const idle = this.running.size < this.options.concurrency && this.waiting.length === 0;
    // a repeated claim did not look into the queues: nothing is known of them, and their ring may be used up
    if (reply.tasks.length === 0 && idle && !reply.repeated) await this.waitForWork(reply.drain);
  }

  /** Undefined when there was no answer; the next claim asks for what this one brought, in case it was executed. */
  private async ask(limit: number, acks: readonly string[]): Promise<ClaimReply | undefined> {
    const { broker, claimant } = this.options;
    this.claimNumber += 1;
    if (this.window.open(this.claimNumber)) this.giveUpWaiting();
    const request = { number: this.claimNumber, limit, acks, recover: this.unanswered };
    try {
      const reply = await broker.claim(claimant, request);
      this.window.answered();
      this.unanswered = false;
      this.batchSize.claimed(limit, reply.more);
      this.complaints.over();
      if (this.stuck.over()) this.logger.log('Redis has taken back what it refused: this child claims again.');
      return reply;
    } catch (error) {
      this.unanswered = true;
      for (const id of acks) this.acks.done(id);
      await this.pauseAfter(error);
      return undefined;
    }
  }

  /**
   * After a lost reply the broker tells all that the child held then. What it still holds it has started, or it waits here;
   * some of the rest is forgotten, because its ack was answered while the claim was under way. And one id may lie in a queue
   * twice.
   */
  private take({ tasks, repeated }: ClaimReply): void {
    for (const task of tasks) {
      if (this.held.has(task.id) || (repeated && this.forgotten.includes(task.id))) continue;
      this.held.add(task.id);
      this.waiting.push(task);
    }
    this.start();
  }

  private async waitForWork(drain: boolean): Promise<void> {
    const { broker, claimant, concurrency } = this.options;
    if (this.stopping) return;
    this.acks.flush();
    if (drain) return this.running.size > 0 ? this.changeWithin(DRAIN_MS) : this.acks.settled();
    try {
      await broker.waitForBell(claimant.queues, concurrency > 1 ? SHARED_BELL_TIMEOUT_MS : BELL_TIMEOUT_MS);
    } catch (error) {
      await this.pauseAfter(error);
    }
  }

  /** Starts what was claimed in the slots that are free. */
  private start(): void {
    const { concurrency, executor, scoreboard } = this.options;
    while (this.waiting.length > 0 && this.running.size < concurrency && !this.stopping) {
      const [claimed] = this.waiting as [ClaimedTask];
      if (this.cancelled.delete(claimed.id)) {
        this.waiting.shift();
        // Redis decides: it ends what is still cancelled, and gives back what somebody has sent again since
        this.giveBack([claimed.id]);
        continue;
      }
      const prepared = executor.prepare(claimed);
      if (isFailure(prepared)) {
        this.waiting.shift();
        this.conclusion.ofFailure(claimed, prepared);
        continue;
      }
      if (this.acks.pending && this.batchSize.mayBlock(prepared.task.name)) this.acks.flush();
      // a backoff function of the user is asked for the limit; what ended before must be noted by then
      if (prepared.policy.hardTimeoutMs !== undefined) scoreboard.flush();
      scoreboard.started(claimed.id, hardLimit(prepared));
      if (this.window.passed) {
        scoreboard.withdrawn(claimed.id);
        return this.giveUpWaiting();
      }
      this.waiting.shift();
      this.execute(claimed, prepared);
    }
    if (this.waiting.length > 0) this.window.watch();
    else if (!this.claiming) this.window.close();
  }

  private execute(claimed: ClaimedTask, prepared: PreparedTask): void {
    this.running.set(claimed.id, prepared.task);
    this.alone = isSuspect(claimed.message);
    if (this.abortReason) prepared.task.abort(this.abortReason);
    // it never rejects; a callback, because an async function takes a twelfth of the time of a short task
    void this.options.executor.run(prepared).then((outcome) => this.end(claimed, prepared, outcome));
  }

  private end(claimed: ClaimedTask, prepared: PreparedTask, outcome: Outcome): void {
    const { id } = claimed;
    this.running.delete(id);
    this.batchSize.learn(prepared.task.name, outcome.durationMs);
    this.alone = false;
    this.ended += 1;
    if (this.ended === this.options.maxTasks) this.options.onWorn();
    noteCronRun(this.options, prepared.task, outcome, this.complaints.about);
    this.conclusion.of(claimed, prepared, outcome, this.abortReason && (() => this.giveBack([id])));
    this.start();
    this.options.scoreboard.flush();
    if (this.stopping || (!this.claiming && this.wanted > 0)) this.wake();
  }

  /** What waits for a slot goes to others. */
  private giveUpWaiting(): void {
    const unstarted = this.waiting;
    this.waiting = [];
    if (unstarted.length > 0) this.batchSize.tooMany();
    this.giveBack(unstarted.map(({ id }) => id));
    if (!this.claiming) this.window.close();
    this.wake();
  }

  /**
   * Gives tasks back unstarted or unfinished, by the number of the last claim: no other may be under way. Where that got no
   * answer, Redis may have another number; the last tasks of a child need none, as no claim of it will bring them again.
   */
  private giveBack(ids: readonly string[]): void {
    if (this.claiming || (this.unanswered && !this.stopping)) this.unwanted.push(...ids);
    else if (ids.length > 0) void this.acks.release(ids, this.unanswered ? undefined : this.claimNumber);
  }

  private forget(ids: readonly string[]): void {
    if (this.claiming) this.forgotten.push(...ids);
    for (const id of ids) {
      this.held.delete(id);
      this.options.scoreboard.confirmed(id);
    }
  }

  /** Others may have run these tasks as well. */
  private tellStale(acks: number): void {
    this.logger.warn(`${acks} tasks were done, but no longer held by this child: their acks changed nothing.`);
  }

  private loseLease(): void {
    this.stop();
    this.held.clear();
    this.waiting = [];
    this.window.close();
    this.options.onLeaseLost();
  }

  private async pauseAfter(error: unknown): Promise<void> {
    if (error instanceof NestworkError && error.code === 'LEASE_LOST') return this.loseLease();
    this.complaints.about(error);
    await delay(RETRY_MS, undefined, { signal: this.ending.signal }).catch(() => {});
  }

  private async changeWithin(ms: number): Promise<void> {
    const timer = setTimeout(() => this.wake(), ms);
    await this.change();
    clearTimeout(timer);
  }

  /** Resolves at the next end of a task, or at `stop`. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** When the process has to be ended for this attempt, and what becomes of its task then. */
function hardLimit({ task, policy }: PreparedTask): HardLimit | undefined {
  if (policy.hardTimeoutMs === undefined) return undefined;
  const decision = policy.afterHardTimeout(task.name, task.message.failures);
  const afterwards = decision.kind === 'retry' ? decision.inMs : decision.kind === 'drop' ? DROPS : DIES;
  return { deadlineMs: monotonicMs() + policy.hardTimeoutMs, afterwards, attempt: task.attempt };
}
