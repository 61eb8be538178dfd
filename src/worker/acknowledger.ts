import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChildBroker, Claimant, ClaimedTask } from '../broker/broker.js';
import { NestworkError } from '../errors.js';
import { describeError } from './describe-error.js';
import type { Failure } from './executor.js';

/** How long an ack waits for a claim to ride on, in ms. */
const ACK_WAIT_MS = 10;
const RETRY_MS = 200;

/** Is told when Redis no longer counts a task among those of this child, when it counts none at all, and of failures. */
export interface ClaimKeeper {
  ended(ids: readonly string[]): void;
  leaseLost(): void;
  /** An attempt to tell Redis failed; it is repeated. */
  failed(error: unknown): void;
}

/**
 * Ends claims: each in exactly one of ack, release, bury, repeated until Redis answers.
 *
 * Acks are collected, so that they ride on the next claim; one that finds no claim in time is sent on its own.
 */
export class Acknowledger {
  private acks: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly broker: ChildBroker,
    private readonly claimant: Claimant,
    private readonly keeper: ClaimKeeper,
  ) {}

  /** Whether acks wait for a claim. */
  get pending(): boolean {
    return this.acks.length > 0;
  }

  done(id: string): void {
    this.acks.push(id);
    this.timer ??= setTimeout(() => this.flush(), ACK_WAIT_MS);
  }

  /** Hands the waiting acks to a claim; give them back by `done` should it fail. */
  take(): string[] {
    clearTimeout(this.timer);
    this.timer = undefined;
    const ids = this.acks;
    this.acks = [];
    return ids;
  }

  /** Sends the waiting acks now: before this returns they are on their way. */
  flush(): void {
    const ids = this.take();
    if (ids.length > 0) void this.end(ids, () => this.broker.ack(this.claimant, ids));
  }

  bury(task: ClaimedTask, failure: Failure, name?: string): void {
    const report = {
      ...describeError(failure.error),
      task: name,
      attempt: failure.attempt,
      host: hostname(),
      pid: process.pid,
    };
    void this.end([task.id], () => this.broker.bury(this.claimant, task, report));
  }

  /**
   * Resolves when Redis has taken the tasks back. The number of the claim that brought them keeps a copy of this
   * command that arrives late from doing the same to a later claim.
   */
  release(ids: readonly string[], claimNumber: number): Promise<void> {
    return this.end(ids, () => this.broker.release(this.claimant, ids, claimNumber));
  }

  /** Resolves when everything is sent and answered. */
  async settled(): Promise<void> {
    this.flush();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private end(ids: readonly string[], send: () => Promise<unknown>): Promise<void> {
    const ending = this.persist(ids, send).finally(() => this.underWay.delete(ending));
    this.underWay.add(ending);
    return ending;
  }

  /** An answer that was lost is no answer: the scripts recognise a repetition. */
  private async persist(ids: readonly string[], send: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await send();
        return this.keeper.ended(ids);
      } catch (error) {
        if (error instanceof NestworkError && error.code === 'LEASE_LOST') return this.keeper.leaseLost();
        this.keeper.failed(error);
        await delay(RETRY_MS);
      }
    }
  }
}
