import type { ChildBroker, Claimant, ClaimedTask } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { isLeaseLost, persist } from '../values/persist.js';
import type { Failure } from './executor.js';
import { lineOf, reportOf } from './failure-record.js';

/** How long an ack waits for a claim to ride on, in ms. */
const ACK_WAIT_MS = 10;
const RETRY_MS = 200;

/** Is told when Redis no longer counts a task among those of this child, when it counts none at all, and of failures. */
export interface ClaimKeeper {
  ended(ids: readonly string[]): void;
  leaseLost(): void;
  /** An attempt to tell Redis failed; it is repeated. */
  failed(error: unknown): void;
  /** Redis answered that it will not take tasks back, for which claims have to wait; it is asked again. */
  refused(error: unknown): void;
}

/**
 * Ends claims: each in exactly one of ack, retry, release, bury, repeated until Redis answers.
 *
 * Acks are collected, so that they ride on the next claim; one that finds no claim in time is sent on its own.
 */
export class Acknowledger {
  private acks: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<Promise<void>>();
  private readonly returning = new Set<Promise<void>>();

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

  /** For a task with a key: that is freed by an ack alone, not by one that rides on a claim. */
  doneNow(id: string): void {
    void this.end([id], () => this.broker.ack(this.claimant, [id]));
  }

  bury(task: ClaimedTask, failure: Failure): void {
    const line = failure.attempted ? lineOf(failure, Date.now()) : '';
    const report = reportOf(failure);
    void this.giveBack([task.id], () => this.broker.bury(this.claimant, task, report, line));
  }

  retry(task: ClaimedTask, failure: Failure, inMs: number): void {
    const { failures = 0 } = failure.task?.message ?? {};
    const retry = { inMs, failures, line: lineOf(failure, Date.now()), counts: failure.attempted };
    void this.giveBack([task.id], () => this.broker.retry(this.claimant, task, retry));
  }

  /**
   * Resolves when Redis has taken the tasks back. The number of the claim that brought them keeps a copy of this
   * command that arrives late from doing the same to a later claim; a child that claims no more gives none.
   */
  release(ids: readonly string[], claimNumber?: number): Promise<void> {
    return this.giveBack(ids, () => this.broker.release(this.claimant, ids, claimNumber));
  }

  /**
   * Whether an answer to what was given back or buried is missing. A claim has to wait for that: were such a task claimed again
   * before the answer is here, it could not be told from the one that was given back.
   */
  get isReturning(): boolean {
    return this.returning.size > 0;
  }

  /** Resolves when these answers are here. Others may be missing by then. */
  async returned(): Promise<void> {
    await Promise.all(this.returning);
  }

  /** Resolves when everything is sent and answered. */
  async settled(): Promise<void> {
    this.flush();
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private giveBack(ids: readonly string[], send: () => Promise<unknown>): Promise<void> {
    const ending = this.end(ids, send, (error) => this.keeper.refused(error));
    const returned = ending.finally(() => this.returning.delete(returned));
    this.returning.add(returned);
    return returned;
  }

  private end(
    ids: readonly string[],
    send: () => Promise<unknown>,
    refused = (error: unknown): void => this.keeper.failed(error),
  ): Promise<void> {
    const ending = this.persist(ids, send, refused).finally(() => this.underWay.delete(ending));
    this.underWay.add(ending);
    return ending;
  }

  /** An answer that was lost is no answer: the scripts recognise a repetition. */
  private async persist(
    ids: readonly string[],
    send: () => Promise<unknown>,
    refused: (error: unknown) => void,
  ): Promise<void> {
    const onError = (error: unknown): void => {
      if (error instanceof NestworkError && error.code === 'REDIS_REFUSED') refused(error);
      else this.keeper.failed(error);
    };
    try {
      await persist(send, { retryMs: RETRY_MS, onError, isFinal: isLeaseLost });
    } catch {
      return this.keeper.leaseLost();
    }
    this.keeper.ended(ids);
  }
}
