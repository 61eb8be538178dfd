import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type {
  CatalogEntry,
  ChildBroker,
  Claimant,
  ClaimedTask,
  CronRun,
  DeathReport,
  LimitDeclaration,
  Retry,
  SupervisorBroker,
} from '../broker/port/broker.js';
import type { NotesWrite } from '../broker/port/notes-port.js';
import { encodeCancelled } from '../message/task-result.js';
import type { DoneRecord } from '../task/done-record.js';
import type { TestClaims } from './test-work.js';

/** Long enough for any test; it is not renewed. */
const LEASE_MS = 600_000;

type SessionBroker = ChildBroker & SupervisorBroker;

/** Takes tasks from Redis as the only child of a session. */
export class SessionClaims implements TestClaims {
  private claimNumber = 0;

  private constructor(
    private readonly broker: SessionBroker,
    private readonly claimant: Claimant,
  ) {}

  static async open(
    broker: SessionBroker,
    queues: readonly string[],
    catalog: readonly CatalogEntry[] = [],
    limits: readonly LimitDeclaration[] = [],
  ): Promise<SessionClaims> {
    const session = `${randomUUID()}-${LEASE_MS}`;
    const claimant = { session, child: `${session}.1`, queues };
    const place = { host: hostname(), pid: process.pid };
    await broker.openSession({ session, leaseMs: LEASE_MS, queues, catalog, limits, ...place });
    await broker.register(session, claimant.child);
    return new SessionClaims(broker, claimant);
  }

  async next(): Promise<ClaimedTask | undefined> {
    for (;;) {
      this.claimNumber += 1;
      const claim = { number: this.claimNumber, limit: 1, limited: 1, acks: [] };
      const { tasks, stopped } = await this.broker.claim(this.claimant, claim);
      const [task] = tasks;
      if (!task || !stopped) return task;
      await this.done(task, encodeCancelled());
    }
  }

  async done({ id }: ClaimedTask, result?: string): Promise<boolean> {
    if (result !== undefined)
      return (await this.broker.results.finish(this.claimant, [{ id, result, inGroup: true, limited: true }])) === 1;
    return (await this.broker.ack(this.claimant, [id])) === 1;
  }

  retry(task: ClaimedTask, retry: Retry): Promise<boolean> {
    return this.broker.retry(this.claimant, task, retry);
  }

  bury(task: ClaimedTask, report: DeathReport, line: string): Promise<boolean> {
    return this.broker.bury(this.claimant, task, report, line);
  }

  recordRun(cron: string, run: CronRun): Promise<void> {
    return this.broker.crons.recordRun(this.claimant, cron, run);
  }

  note(notes: NotesWrite): Promise<boolean> {
    return this.broker.notes.write(this.claimant, notes);
  }

  keepDone(task: string, most: number, records: readonly DoneRecord[]): Promise<void> {
    return this.broker.done.keep(task, most, records);
  }

  /** Gives back held tasks, and ends the session. */
  async close(): Promise<void> {
    const childExit = { blamed: [], done: [], timedOut: [], maxCrashes: 1, line: '', report: '' };
    await this.broker.settle(this.claimant, childExit);
    await this.broker.closeSession(this.claimant.session);
  }
}
