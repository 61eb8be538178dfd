import { byTable } from '../../broker/outbox-notes.js';
import type { ProducerBroker } from '../../broker/port/broker.js';
import type { NotedOutbox, OutboxCall, OutboxNote, RelayPort } from '../../broker/port/relay-port.js';
import { idOf } from '../../message/task-message.js';
import { BROADCAST_QUEUE } from '../../task/broadcast.js';
import type { Clock } from '../../values/clock.js';

/** As in relay.lua: rows that were read so long ago are not added any more, in ms. */
const MOST_LATE_MS = 300_000;

/** Adds the tasks of outboxes in the app of a test, each row once. */
export class MemoryRelay implements RelayPort {
  /** outbox -> id -> when it was marked */
  private readonly marks = new Map<string, Map<string, number>>();
  private readonly notes = new Map<string, NotedOutbox>();
  private readonly turns = new Map<string, { readonly relay: string; readonly until: number }>();

  constructor(
    private readonly broker: ProducerBroker,
    private readonly clock: Clock,
  ) {}

  async now(): Promise<number> {
    return this.clock();
  }

  async relay(outbox: string, calls: readonly OutboxCall[], startedMs: number): Promise<(Error | undefined)[]> {
    const marks = this.marksOf(outbox);
    if (this.clock() - startedMs > MOST_LATE_MS) return calls.map(() => new Error('The rows were read too long ago.'));
    const errors: (Error | undefined)[] = [];
    for (const call of calls) {
      const id = idOf(call.message);
      const error = marks.has(id) ? undefined : await this.add(call).catch((reason: unknown) => reason as Error);
      if (!error) marks.set(id, this.clock());
      errors.push(error);
    }
    return errors;
  }

  async forget(outbox: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) this.marksOf(outbox).delete(id);
  }

  async marked(outbox: string, beforeMs: number, limit: number): Promise<string[]> {
    const old = [...this.marksOf(outbox)].filter(([, at]) => at < beforeMs);
    return old
      .sort(([, a], [, b]) => a - b)
      .slice(0, limit)
      .map(([id]) => id);
  }

  async takeTurn(outbox: string, relay: string, forMs: number): Promise<boolean> {
    const now = this.clock();
    const turn = this.turns.get(outbox);
    if (turn && turn.relay !== relay && turn.until > now) return false;
    this.turns.set(outbox, { relay, until: now + forMs });
    return true;
  }

  async note(outbox: string, note: OutboxNote, former = outbox): Promise<void> {
    this.notes.delete(former);
    this.notes.set(outbox, { ...note, outbox, notedAt: this.clock() });
  }

  async noted(): Promise<{ outboxes: NotedOutbox[]; now: number }> {
    return { outboxes: [...this.notes.values()].sort(byTable), now: this.clock() };
  }

  private marksOf(outbox: string): Map<string, number> {
    const marks = this.marks.get(outbox) ?? new Map<string, number>();
    this.marks.set(outbox, marks);
    return marks;
  }

  private async add({ queue, message, dueAt, onConflict, labels = [] }: OutboxCall): Promise<undefined> {
    const due = dueAt === undefined ? undefined : { at: dueAt };
    if (queue === BROADCAST_QUEUE) await this.broker.broadcast([message]);
    else if (onConflict)
      await this.broker.enqueueUnique(queue, message, { due, labels, replace: onConflict === 'replace' });
    else await this.broker.enqueueLimited(queue, [message], { due, labels });
  }
}
