import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { ChildBroker, Claimant, ClaimReply } from '../broker/port/broker.js';
import type { ScoreboardWriter } from '../ipc/scoreboard-writer.js';
import { LogOnce } from '../values/log-once.js';
import { isLeaseLost } from '../values/persist.js';
import type { BatchSize } from './batch-size.js';
import { Finisher } from './finisher.js';
import { HeldTasks } from './held-tasks.js';
import { StartWindow } from './start-window.js';

/** A lost ring costs this long at most, in ms. */
const BELL_TIMEOUT_MS = 5_000;
/** A child that runs tasks while it waits may take a ring and then block: others must not rely on it for long. */
const SHARED_BELL_TIMEOUT_MS = 1_000;
const RETRY_MS = 200;

export interface ClaimerOptions {
  readonly broker: ChildBroker;
  readonly claimant: Claimant;
  readonly concurrency: number;
  readonly scoreboard: ScoreboardWriter;
  readonly batchSize: BatchSize;
  /** The claimed tasks could not be started in time, and are given back. */
  readonly onWindowPassed: () => void;
  /** Redis gave the tasks of this child to others. */
  readonly onLeaseLost: () => void;
}

/** The requests of a claim loop to Redis: claims tasks, gives them back, waits on the bells, tries again after errors. */
export class Claimer {
  readonly held = new HeldTasks();
  readonly window: StartWindow;
  readonly finisher: Finisher;
  private readonly logger = new Logger('TaskWorker');
  private readonly errors = new LogOnce((what) => this.logger.warn(`Trying again: ${what}`));
  private readonly refusals = new LogOnce((what) =>
    this.logger.error(
      `Redis refuses to take back a task that failed or was not finished. Until it does, this child claims no task of any queue: ${what}`,
    ),
  );
  private readonly ending = new AbortController();
  /** the queues of this child that were paused at its last claim */
  private paused: readonly string[] = [];
  /** claimed tasks that must not start, because somebody has stopped their batch or flow */
  private readonly stopped = new Set<string>();
  /** whether a bell ended its last wait */
  private rung = false;

  constructor(private readonly options: ClaimerOptions) {
    this.window = new StartWindow(options.scoreboard, () => {
      this.giveUpWaiting();
      options.onWindowPassed();
    });
    this.finisher = new Finisher({
      ...options,
      onEnded: (ids) => this.confirmed(ids),
      onLeaseLost: () => this.loseLease(),
      onError: this.errors.about,
      onRefused: this.refusals.about,
    });
  }

  /** Whether a claimed task must not start; asked once. */
  wasStopped(id: string): boolean {
    return this.stopped.size > 0 && this.stopped.delete(id);
  }

  get stopping(): boolean {
    return this.ending.signal.aborted;
  }

  stop(): void {
    this.ending.abort();
    this.options.broker.stopWaiting();
  }

  /** Undefined when there was no answer; the next claim asks for what this one brought, in case it was executed. */
  async claim(limit: number, limited: number, patience: number): Promise<ClaimReply | undefined> {
    const { broker, claimant, batchSize } = this.options;
    const recover = this.held.unanswered;
    const acks = this.finisher.takeAcks();
    const number = this.held.claim();
    if (this.window.open(number, patience)) this.giveUpWaiting();
    try {
      const reply = await broker.claim(claimant, { number, limit, limited, acks, recover });
      this.window.answered();
      batchSize.claimed(limit, reply.more);
      this.paused = reply.paused ?? [];
      this.errors.over();
      if (this.refusals.over()) this.logger.log('Redis has taken back what it refused: this child claims again.');
      this.answered(reply, acks);
      return reply;
    } catch (error) {
      this.held.notAnswered();
      for (const id of acks) this.finisher.ack(id);
      await this.pauseAfter(error);
      return undefined;
    }
  }

  /**
   * Resolves when there may be work. A bell rings for every task that is sent, also to a paused queue: once one has woken the
   * child in vain it leaves those of its paused queues alone for a while, or it would claim for each such task.
   */
  async waitForBell(): Promise<void> {
    const { broker, claimant, concurrency } = this.options;
    const wary = this.rung && this.paused.length > 0;
    const queues = wary ? claimant.queues.filter((queue) => !this.paused.includes(queue)) : claimant.queues;
    const timeoutMs = wary || concurrency > 1 ? SHARED_BELL_TIMEOUT_MS : BELL_TIMEOUT_MS;
    this.rung = false;
    if (queues.length === 0) return this.rest(timeoutMs);
    try {
      this.rung = await broker.waitForBell(queues, timeoutMs);
    } catch (error) {
      await this.pauseAfter(error);
    }
  }

  /** Tasks that wait for a slot go to others. */
  giveUpWaiting(): void {
    if (this.held.giveUp() > 0) this.options.batchSize.tooMany();
    this.release();
    if (!this.held.claiming) this.window.close();
  }

  giveBack(id: string): void {
    this.held.giveBack([id]);
    this.release();
  }

  /** Lets go of all claims, without Redis. */
  sever(): void {
    this.finisher.sever();
    this.loseLease();
  }

  private answered(reply: ClaimReply, acks: readonly string[]): void {
    // a repeated claim was acked the first time
    if (this.held.unstarted === 0) this.stopped.clear();
    for (const id of reply.stopped ?? []) this.stopped.add(id);
    const stale = reply.repeated ? 0 : acks.length - reply.acked;
    // others may have run these tasks as well
    if (stale > 0)
      this.logger.warn(`${stale} tasks were done, but no longer held by this child: their acks changed nothing.`);
    this.held.answered(reply, acks);
    for (const id of acks) this.options.scoreboard.confirmed(id);
    this.release();
  }

  private confirmed(ids: readonly string[]): void {
    this.held.confirmed(ids);
    for (const id of ids) this.options.scoreboard.confirmed(id);
    this.release();
  }

  private release(): void {
    const back = this.held.takeUnwanted(this.stopping);
    if (back) void this.finisher.release(back.ids, back.claimNumber);
  }

  private loseLease(): void {
    this.stop();
    this.held.clear();
    this.window.close();
    this.options.onLeaseLost();
  }

  private async pauseAfter(error: unknown): Promise<void> {
    if (isLeaseLost(error)) return this.loseLease();
    this.errors.about(error);
    await this.rest(RETRY_MS);
  }

  /** Resolves after that time, or when the child stops. */
  private async rest(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.ending.signal }).catch(() => {});
  }
}
