import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { ChildBroker, Claimant, ClaimedTask, ClaimReply } from '../broker/port/broker.js';
import type { ScoreboardWriter } from '../ipc/scoreboard.js';
import { LogOnce } from '../values/log-once.js';
import { isLeaseLost } from '../values/persist.js';
import { Acknowledger } from './acknowledger.js';
import { BatchSize } from './batch-size.js';
import { Conclusion } from './conclusion.js';
import { type Executor, isFailure, type Outcome, type OutcomeListener, type PreparedTask } from './executor.js';
import { hardLimit } from './hard-limit.js';
import { HeldTasks } from './held-tasks.js';
import { RunningTasks } from './running-tasks.js';
import { SlowStarts } from './slow-starts.js';
import { StartWindow } from './start-window.js';

/** A lost ring costs this long at most, in ms. */
const BELL_TIMEOUT_MS = 5_000;
/** A child that runs tasks while it waits may hear a ring and then block: others must not rely on it for long. */
const SHARED_BELL_TIMEOUT_MS = 1_000;
/** While it drains for a quarantined task a child looks again this often, in ms: another may have taken it. */
const DRAIN_MS = 1_000;
const RETRY_MS = 200;

export interface ClaimLoopOptions {
  readonly broker: ChildBroker;
  readonly claimant: Claimant;
  readonly concurrency: number;
  /** tasks after which the child is worn; 0 for never */
  readonly maxTasks: number;
  readonly executor: Executor;
  readonly scoreboard: ScoreboardWriter;
  readonly onOutcome: readonly OutcomeListener[];
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
  private readonly logOnce = new LogOnce((what) => this.logger.warn(`Trying again: ${what}`));
  private readonly stuck = new LogOnce((what) =>
    this.logger.error(
      `Redis refuses to take back a task that failed or was not finished. Until it does, this child claims no task of any queue: ${what}`,
    ),
  );
  private readonly held = new HeldTasks();
  private readonly running = new RunningTasks();
  private readonly slowStarts = new SlowStarts();
  private readonly ending = new AbortController();
  private readonly acks: Acknowledger;
  private readonly conclusion: Conclusion;
  private readonly batchSize: BatchSize;
  private readonly window: StartWindow;
  private ended = 0;
  private wake: () => void = () => {};

  constructor(private readonly options: ClaimLoopOptions) {
    this.batchSize = new BatchSize(options.concurrency);
    this.window = new StartWindow(options.scoreboard, () => this.giveUpWaiting());
    this.acks = new Acknowledger(options.broker, options.claimant, {
      ended: (ids) => this.confirmed(ids),
      leaseLost: () => this.loseLease(),
      failed: this.logOnce.about,
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
    this.running.abort(reason);
  }

  /** Aborts the signal of a task if it runs here; one that was cancelled before its start is not started. */
  cancel(id: string): void {
    this.running.cancel(id);
  }

  private get stopping(): boolean {
    return this.ending.signal.aborted;
  }

  /** How many tasks to claim now; any number after a claim without an answer, which asks for what that one brought. */
  private get wanted(): number {
    const { concurrency, scoreboard } = this.options;
    if (this.held.unanswered) return 1;
    if (this.running.alone) return 0;
    const room = scoreboard.capacity - this.held.size;
    return Math.min(
      this.batchSize.next(concurrency - this.running.size, this.held.unstarted),
      room,
      this.slowStarts.limit,
    );
  }

  private async claim(): Promise<void> {
    // a task may end, and others be given back, while this is awaited
    while (this.acks.isReturning) await this.acks.returned();
    const limit = this.wanted;
    if (limit === 0) return;
    const reply = await this.ask(limit, this.acks.take());
    if (!reply) return;
    this.start();
    const idle = this.running.size < this.options.concurrency && this.held.unstarted === 0;
    // a repeated claim did not look into the queues: nothing is known of them, and their ring may be used up
    if (reply.tasks.length === 0 && idle && !reply.repeated) await this.waitForWork(reply.drain);
  }

  /** Undefined when there was no answer; the next claim asks for what this one brought, in case it was executed. */
  private async ask(limit: number, acks: readonly string[]): Promise<ClaimReply | undefined> {
    const { broker, claimant } = this.options;
    const recover = this.held.unanswered;
    const number = this.held.claim();
    if (this.window.open(number, this.slowStarts.patience)) this.giveUpWaiting();
    try {
      const reply = await broker.claim(claimant, { number, limit, acks, recover });
      this.window.answered();
      this.batchSize.claimed(limit, reply.more);
      this.logOnce.over();
      if (this.stuck.over()) this.logger.log('Redis has taken back what it refused: this child claims again.');
      this.answered(reply, acks);
      return reply;
    } catch (error) {
      this.held.notAnswered();
      for (const id of acks) this.acks.done(id);
      await this.pauseAfter(error);
      return undefined;
    }
  }

  private answered(reply: ClaimReply, acks: readonly string[]): void {
    // a repeated claim was acked the first time
    const stale = reply.repeated ? 0 : acks.length - reply.acked;
    // others may have run these tasks as well
    if (stale > 0)
      this.logger.warn(`${stale} tasks were done, but no longer held by this child: their acks changed nothing.`);
    this.held.answered(reply, acks);
    for (const id of acks) this.options.scoreboard.confirmed(id);
    if (reply.tasks.length > 0) this.slowStarts.claimed();
    this.release();
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

  /** The next task, if a slot is free for it. */
  private get startable(): ClaimedTask | undefined {
    return this.running.size < this.options.concurrency && !this.stopping ? this.held.first : undefined;
  }

  /** Starts what was claimed in the slots that are free. */
  private start(): void {
    for (let task = this.startable; task; task = this.startable) {
      if (this.running.wasCancelled(task.id)) {
        this.held.next();
        // Redis decides: it ends what is still cancelled, and gives back what somebody has sent again since
        this.giveBack([task.id]);
      } else if (this.noted(task)) {
        this.held.next();
        this.execute(task);
      } else {
        this.slowStarts.missed(task);
        return this.giveUpWaiting();
      }
    }
    if (this.held.unstarted > 0) this.window.watch();
    else if (!this.held.claiming) this.window.close();
  }

  /**
   * Notes the start, for the supervisor to leave the task alone, unless it may have given it to others by now. The arguments
   * are read after that: however long it takes, the task starts, and a process that dies over it counts a crash of the task.
   */
  private noted({ id }: ClaimedTask): boolean {
    const { scoreboard } = this.options;
    scoreboard.started(id);
    if (!this.window.passed) return true;
    scoreboard.withdrawn(id);
    return false;
  }

  private execute(claimed: ClaimedTask): void {
    const { executor, scoreboard } = this.options;
    const prepared = this.slowStarts.timed(claimed, () => executor.prepare(claimed));
    if (isFailure(prepared)) {
      scoreboard.withdrawn(claimed.id);
      return this.conclusion.ofFailure(claimed, prepared);
    }
    if (this.acks.pending && this.batchSize.mayBlock(prepared.task.name)) this.acks.flush();
    if (prepared.policy.hardTimeoutMs !== undefined) scoreboard.limited(claimed.id, hardLimit(prepared));
    this.running.add(prepared.task, claimed.message);
    // it never rejects; a callback, because an async function takes a twelfth of the time of a short task
    void executor.run(prepared).then((outcome) => this.end(claimed, prepared, outcome));
  }

  private end(claimed: ClaimedTask, prepared: PreparedTask, outcome: Outcome): void {
    const { id, message } = claimed;
    this.running.delete(id, message);
    this.batchSize.learn(prepared.task.name, outcome.durationMs);
    this.ended += 1;
    if (this.ended === this.options.maxTasks) this.options.onWorn();
    for (const listener of this.options.onOutcome) listener(prepared.task, outcome);
    this.conclusion.of(claimed, prepared, outcome, this.running.aborted ? () => this.giveBack([id]) : undefined);
    this.start();
    this.options.scoreboard.flush();
    if (this.stopping || (!this.held.claiming && this.wanted > 0)) this.wake();
  }

  /** What waits for a slot goes to others. */
  private giveUpWaiting(): void {
    if (this.held.giveUp() > 0) this.batchSize.tooMany();
    this.release();
    if (!this.held.claiming) this.window.close();
    this.wake();
  }

  private giveBack(ids: readonly string[]): void {
    this.held.giveBack(ids);
    this.release();
  }

  private release(): void {
    const back = this.held.takeUnwanted(this.stopping);
    if (back) void this.acks.release(back.ids, back.claimNumber);
  }

  private confirmed(ids: readonly string[]): void {
    this.held.confirmed(ids);
    for (const id of ids) this.options.scoreboard.confirmed(id);
    this.release();
  }

  private loseLease(): void {
    this.stop();
    this.held.clear();
    this.window.close();
    this.options.onLeaseLost();
  }

  private async pauseAfter(error: unknown): Promise<void> {
    if (isLeaseLost(error)) return this.loseLease();
    this.logOnce.about(error);
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
