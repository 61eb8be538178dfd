import type {
  Broker,
  BuriedTask,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  DeathReport,
  Due,
  KeyHolder,
  LiveWorker,
  QueueState,
  Retry,
  SessionDescription,
  Settlement,
  TaskPlace,
  UniqueOptions,
  Verdict,
} from '../../broker/broker.js';
import { contestantsOf } from '../../task/app-tasks.js';
import { idOf } from '../../task/task-message.js';
import { MemoryBroadcastRecords } from './memory-broadcast-records.js';
import { MemoryClaims } from './memory-claims.js';
import { cronsOf, MemoryCrons } from './memory-crons.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';
import { MemoryFinder } from './memory-finder.js';
import { MemoryProducer } from './memory-producer.js';
import { MemorySessions } from './memory-sessions.js';
import { ALARM, MemoryStore } from './memory-store.js';
import { MemoryStream } from './memory-stream.js';
import type { Time } from './virtual-clock.js';

/**
 * The broker of one process, without Redis: the same transitions over maps, by a clock that the test moves. It passes the
 * conformance suite of the Redis broker, and answers random commands as the same model does.
 *
 * What only several machines can have, and the refusals of a full or foreign Redis, it does not have. It has no timer and
 * no connection: waiting for a bell ends when it rings, when the clock is moved, or by `stopWaiting`.
 */
export class MemoryBroker implements Broker {
  readonly madeAtMs = performance.now();
  readonly deadLetters: MemoryDeadLetters;
  readonly stream: MemoryStream;
  readonly broadcasts: MemoryBroadcastRecords;
  readonly crons: MemoryCrons;
  protected readonly store: MemoryStore;
  protected readonly claims: MemoryClaims;
  protected readonly sessions: MemorySessions;
  protected readonly producer: MemoryProducer;
  private readonly finder: MemoryFinder;

  /** @param queues all queues of the app */
  constructor(clock: Time, queues: readonly string[]) {
    this.store = new MemoryStore(clock, queues);
    this.sessions = new MemorySessions(this.store);
    this.claims = new MemoryClaims(this.store, this.sessions);
    this.producer = new MemoryProducer(this.store);
    this.stream = new MemoryStream(clock);
    this.finder = new MemoryFinder(this.store, (id) => this.stream.add('cancel', { id }));
    this.deadLetters = new MemoryDeadLetters(this.store);
    this.broadcasts = new MemoryBroadcastRecords(this.store);
    this.crons = new MemoryCrons(this.store, this.sessions);
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {
    this.stopWaiting();
    this.stream.stopWaiting();
  }

  async enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.producer.enqueue(queue, messages, due);
  }

  async enqueueOne(queue: string, message: string): Promise<void> {
    await this.enqueue(queue, [message]);
  }

  async enqueueUnique(queue: string, message: string, options: UniqueOptions): Promise<KeyHolder> {
    return this.producer.enqueueUnique(queue, message, options);
  }

  async broadcast(messages: readonly string[]): Promise<number> {
    const fresh = messages.filter((message) => this.producer.letIn(idOf(message)));
    for (const message of fresh) this.stream.add('call', { message });
    return fresh.length;
  }

  async queueOfTask(name: string): Promise<string | undefined> {
    return this.store.catalog.get(name)?.queue;
  }

  async locate(id: string): Promise<TaskPlace> {
    return this.finder.locate(id);
  }

  async cancel(id: string): Promise<TaskPlace> {
    return this.finder.cancel(id);
  }

  async claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply> {
    return this.claims.claim(claimant, request);
  }

  async ack(claimant: Claimant, ids: readonly string[]): Promise<number> {
    return this.claims.ack(claimant, ids);
  }

  async release(claimant: Claimant, ids: readonly string[], claimNumber?: number): Promise<number> {
    return this.claims.release(claimant, ids, claimNumber);
  }

  async retry(claimant: Claimant, task: Pick<ClaimedTask, 'id' | 'queue'>, retry: Retry): Promise<boolean> {
    return this.claims.retry(claimant, task, retry);
  }

  async bury(claimant: Claimant, task: BuriedTask, report: DeathReport, line?: string): Promise<boolean> {
    return this.claims.bury(claimant, task, report, line);
  }

  waitForBell(queues: readonly string[], timeoutMs: number): Promise<boolean> {
    return this.store.tokens.wait(queues, timeoutMs);
  }

  waitForAlarm(timeoutMs: number): Promise<boolean> {
    return this.store.tokens.wait([ALARM], timeoutMs);
  }

  stopWaiting(): void {
    this.store.tokens.end();
  }

  async promote(limit: number): Promise<{ moved: number; nextInMs: number | undefined }> {
    const { now, queueNames } = this.store;
    let moved = 0;
    let next: number | undefined;
    for (const name of queueNames) {
      const queue = this.store.queue(name);
      const due = queue.takeDue(now, limit - moved);
      for (const message of due) queue.append(message);
      if (due.length > 0) this.store.tokens.ring(name);
      moved += due.length;
      const first = queue.scheduled[0]?.due;
      if (first !== undefined) next = Math.min(next ?? Number.POSITIVE_INFINITY, Math.max(first - now, 0));
    }
    return { moved, nextInMs: next };
  }

  async openSession(description: SessionDescription): Promise<void> {
    this.sessions.open(description);
  }

  async register(session: string, child: string): Promise<boolean> {
    return this.sessions.register(session, child);
  }

  async renew(session: string, leaseMs: number): Promise<boolean> {
    return this.sessions.renew(session, leaseMs);
  }

  async closeSession(session: string): Promise<boolean> {
    return this.sessions.close(session);
  }

  async liveWorkers(): Promise<LiveWorker[]> {
    return this.sessions.alive().map(({ description: { host, pid, queues, catalog, app } }) => {
      return { host, pid, queues, app, crons: cronsOf(catalog).filter(({ disabled }) => !disabled) };
    });
  }

  async holdings({ session, child }: Claimant): Promise<{ claimNumber: number; ids: string[] }> {
    return this.sessions.holdings(session, child);
  }

  async settle({ session, child, queues }: Claimant, verdict: Verdict): Promise<Settlement> {
    return this.sessions.settle(session, child, queues, verdict);
  }

  async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    return this.sessions.overdue(leaseMs);
  }

  async reap(session: string, leaseMs: number): Promise<number | undefined> {
    return this.sessions.reap(session, leaseMs);
  }

  async queueStates(queues: readonly string[]): Promise<QueueState[]> {
    const workers = this.sessions.alive().flatMap(({ children, description: { queues, app } }) => {
      return children.size > 0 ? [{ queues, app }] : [];
    });
    const served = new Set(workers.flatMap((worker) => worker.queues));
    return queues.map((queue) => {
      const { pending, scheduled, suspects, dead } = this.store.queue(queue);
      const counts = {
        pending: pending.length,
        scheduled: scheduled.length,
        suspects: suspects.length,
        dead: dead.size,
      };
      const serving = { served: served.has(queue), contestants: contestantsOf(queue, workers) };
      return { queue, ...counts, head: pending[0], dueAt: scheduled[0]?.due, ...serving };
    });
  }

  async staleAcks(): Promise<number> {
    return this.store.staleAcks;
  }
}
