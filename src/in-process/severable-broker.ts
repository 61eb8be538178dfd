import type {
  BuriedTask,
  ChildBroker,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  Retry,
} from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';

/**
 * The broker of a claim loop that no process can kill. Once severed, it refuses every command as Redis refuses a child
 * whose lease is gone, without asking Redis. So a claim loop whose tasks run on ends in any case.
 */
export class SeverableBroker implements ChildBroker {
  readonly crons: ChildBroker['crons'];
  readonly metrics: ChildBroker['metrics'];
  private severed = false;

  constructor(private readonly broker: ChildBroker) {
    this.crons = { recordRun: (...run) => this.ask(() => broker.crons.recordRun(...run)) };
    // what was counted is true without claims, too
    this.metrics = broker.metrics;
  }

  sever(): void {
    this.severed = true;
    this.stopWaiting();
  }

  claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply> {
    return this.ask(() => this.broker.claim(claimant, request));
  }

  ack(claimant: Claimant, ids: readonly string[]): Promise<number> {
    return this.ask(() => this.broker.ack(claimant, ids));
  }

  release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    return this.ask(() => this.broker.release(claimant, ids, claimNumber));
  }

  retry(claimant: Claimant, task: Pick<ClaimedTask, 'id' | 'queue'>, retry: Retry): Promise<boolean> {
    return this.ask(() => this.broker.retry(claimant, task, retry));
  }

  bury(claimant: Claimant, task: BuriedTask, report: DeathReport, line?: string): Promise<boolean> {
    return this.ask(() => this.broker.bury(claimant, task, report, line));
  }

  waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    return this.ask(() => this.broker.waitForBell(queues, timeoutMs));
  }

  stopWaiting(): void {
    this.broker.stopWaiting();
  }

  private async ask<T>(command: () => Promise<T>): Promise<T> {
    if (!this.severed) return command();
    throw new NestworkError(
      'LEASE_LOST',
      'This worker has given up its claims: its lease is lost, or its app is closed.',
      'No action is needed: its tasks run again.',
    );
  }
}
