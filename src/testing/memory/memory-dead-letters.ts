import type {
  DeadBatch,
  DeadEntry,
  DeadLetterBroker,
  DeadLimits,
  DeadQuery,
  DeadRange,
  Death,
  Redrive,
} from '../../broker/broker.js';
import { encodeAttempt, REDRIVEN } from '../../task/attempt-record.js';
import type { Grave } from './memory-queue.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf, remembered, startedAnew } from './message-edits.js';

/** Bytes of records after which a read has enough. */
const ENOUGH_BYTES = 1_000_000;

/** The dead tasks, in memory. */
export class MemoryDeadLetters implements DeadLetterBroker {
  constructor(private readonly store: MemoryStore) {}

  async now(): Promise<number> {
    return this.store.now;
  }

  async read(queue: string, { range, order, after, limit }: DeadQuery): Promise<DeadBatch> {
    const direction = order === 'oldest' ? 1 : -1;
    const all = this.inRange(queue, range)
      .sort((a, b) => direction * compare(a, b))
      .filter((death) => !after || direction * compare(death, after) > 0);
    const entries: DeadEntry[] = [];
    let bytes = 0;
    for (const entry of all) {
      if (entries.length === limit || bytes >= ENOUGH_BYTES) return { entries, more: true };
      entries.push(entry);
      bytes += entry.record.length;
    }
    return { entries, more: false };
  }

  async count(queue: string, range: DeadRange): Promise<number> {
    return this.inRange(queue, range).length;
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    const grave = this.store.queue(queue).dead.get(id);
    return grave && toEntry(queue, [id, grave]);
  }

  async redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const { store } = this;
    const named = new Set<string>();
    return deaths.map((death) => {
      const grave = this.graveOf(queue, death);
      if (!grave || named.has(death.id)) return 'not-found';
      named.add(death.id);
      const message = startedAnew(death.id, grave.record.slice(grave.record.indexOf('\n') + 1), store.now);
      if (message === undefined) return 'refused';
      const again = remembered(message, encodeAttempt({ at: store.now, code: REDRIVEN }));
      store.queue(queue).dead.delete(death.id);
      store.cancelled.delete(death.id);
      store.queue(queue).pending.push(again);
      store.tokens.ring(queue);
      const key = keyOf(again);
      if (key && !store.unique.has(key.digest)) store.unique.set(key.digest, { queue, message: again });
      return 'redriven';
    });
  }

  async remove(queue: string, deaths: readonly Death[]): Promise<number> {
    const { dead } = this.store.queue(queue);
    return deaths.filter((death) => this.graveOf(queue, death) && dead.delete(death.id)).length;
  }

  async purge(queue: string, { retentionMs, most }: DeadLimits, batch: number): Promise<number> {
    const oldest = this.inRange(queue, {}).sort(compare);
    const expired = retentionMs === undefined ? 0 : this.inRange(queue, { until: this.store.now - retentionMs }).length;
    const surplus = most === undefined ? 0 : oldest.length - most;
    const count = Math.max(Math.min(Math.max(expired, surplus), batch), 0);
    for (const { id } of oldest.slice(0, count)) this.store.queue(queue).dead.delete(id);
    return count;
  }

  private inRange(queue: string, { since = -Infinity, until = Infinity }: DeadRange): DeadEntry[] {
    const graves = [...this.store.queue(queue).dead].filter(([, { diedAt }]) => diedAt >= since && diedAt <= until);
    return graves.map((grave) => toEntry(queue, grave));
  }

  /** Only of that death: the task may have run and died once more. */
  private graveOf(queue: string, { id, diedAt }: Death): Grave | undefined {
    const grave = this.store.queue(queue).dead.get(id);
    return grave?.diedAt === diedAt ? grave : undefined;
  }
}

function toEntry(queue: string, [id, { diedAt, record }]: [string, Grave]): DeadEntry {
  return { queue, id, diedAt, record: Buffer.from(record) };
}

function compare(a: Death, b: Death): number {
  return a.diedAt - b.diedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
