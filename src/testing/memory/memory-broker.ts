import type {
  AppBroker,
  CatalogEntry,
  Due,
  KeyHolder,
  Promotion,
  QueueState,
  TaskPlace,
  UniqueOptions,
} from '../../broker/port/broker.js';
import type { Clock } from '../../values/clock.js';
import type { TestWork } from '../test-work.js';
import { MemoryBroadcasts } from './memory-broadcasts.js';
import { MemoryClaims } from './memory-claims.js';
import { MemoryCrons } from './memory-crons.js';
import { MemoryDeadLetters } from './memory-dead-letters.js';
import { MemoryFinder } from './memory-finder.js';
import { MemoryMetrics } from './memory-metrics.js';
import { MemoryProducer } from './memory-producer.js';
import { MemoryStore } from './memory-store.js';

/**
 * Takes the place of Redis in the app of a test: its part of the port, over maps, by the given clock. The conformance suite
 * of the Redis broker tests the common part.
 *
 * Its worker is the test, which takes one task after another from `claims` and never dies. So there are no sessions, no
 * leases and no bells, and nothing is settled or reaped.
 */
export class MemoryBroker implements AppBroker, TestWork {
  readonly deadLetters: MemoryDeadLetters;
  readonly broadcasts: MemoryBroadcasts;
  readonly crons: MemoryCrons;
  readonly claims: MemoryClaims;
  readonly metrics: MemoryMetrics;
  protected readonly producer: MemoryProducer;
  private readonly store: MemoryStore;
  private readonly finder: MemoryFinder;
  /** name of a task -> its queue, once a worker is there */
  private catalog: ReadonlyMap<string, string> | undefined;

  /** @param queues all queues of the app, in the order of their priority */
  constructor(clock: Clock, queues: readonly string[]) {
    this.store = new MemoryStore(clock, queues);
    this.producer = new MemoryProducer(this.store);
    this.finder = new MemoryFinder(this.store);
    this.deadLetters = new MemoryDeadLetters(this.store);
    this.broadcasts = new MemoryBroadcasts(this.store);
    this.crons = new MemoryCrons(this.store);
    this.claims = new MemoryClaims(this.store, this.crons);
    this.metrics = new MemoryMetrics(clock);
  }

  async connect(): Promise<void> {}

  async close(): Promise<void> {}

  /** A worker is there, which serves all queues and knows these tasks. */
  serve(catalog: readonly CatalogEntry[]): void {
    this.catalog = new Map(catalog.map(({ name, queue }) => [name, queue]));
  }

  /** Forgets all tasks. Crons, broadcasts and registered workers stay. */
  clear(): void {
    this.store.clear();
    this.producer.forgetAll();
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
    const fresh = messages.filter((message) => this.producer.letIn(message));
    for (const message of fresh) this.broadcasts.add(message);
    return fresh.length;
  }

  async queueOfTask(name: string): Promise<string | undefined> {
    return this.catalog?.get(name);
  }

  async locate(id: string): Promise<TaskPlace> {
    return this.finder.locate(id);
  }

  async cancel(id: string): Promise<TaskPlace> {
    return this.finder.cancel(id);
  }

  async promote(limit: number): Promise<Promotion> {
    const { now } = this.store;
    const queues = this.store.queueNames.map((name) => this.store.queue(name));
    const moved = queues.reduce((sum, queue) => sum + queue.promote(now, limit - sum), 0);
    const due = queues.flatMap(({ scheduled: [first] }) => first?.due ?? []);
    return { moved, nextInMs: due.length > 0 ? Math.max(Math.min(...due) - now, 0) : undefined };
  }

  async queueStates(queues: readonly string[]): Promise<QueueState[]> {
    return queues.map((name) => {
      const { pending, scheduled, dead } = this.store.queue(name);
      const counts = { pending: pending.length, scheduled: scheduled.length, quarantined: 0, dead: dead.size };
      const served = this.catalog !== undefined && this.store.queueNames.includes(name);
      return { queue: name, ...counts, head: pending[0], dueAt: scheduled[0]?.due, served, contestants: [] };
    });
  }

  /** A worker without a lease is never late. */
  async staleAcks(): Promise<number> {
    return 0;
  }
}
