import type {
  DeadBatch,
  DeadEntry,
  DeadLetterBroker,
  DeadQuery,
  DeadRange,
  Death,
  Redrive,
} from '../../broker/port/broker.js';
import { encodeAttempt, REDRIVEN } from '../../message/attempt-record.js';
import type { DeadRecord } from './memory-queue.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf, remembered, startedAnew } from './message-edits.js';

/** The dead tasks, in memory. */
export class MemoryDeadLetters implements DeadLetterBroker {
  constructor(private readonly store: MemoryStore) {}

  async now(): Promise<number> {
    return this.store.now;
  }

  async read(queue: string, { range, order, after, limit }: DeadQuery): Promise<DeadBatch> {
    const direction = order === 'oldest' ? 1 : -1;
    const behind = this.inRange(queue, range)
      .sort((a, b) => direction * compare(a, b))
      .filter((death) => !after || direction * compare(death, after) > 0);
    return { entries: behind.slice(0, limit), more: behind.length > limit };
  }

  async count(queue: string, range: DeadRange): Promise<number> {
    return this.inRange(queue, range).length;
  }

  async find(queue: string, id: string): Promise<DeadEntry | undefined> {
    const found = this.store.queue(queue).dead.get(id);
    return found && toEntry(queue, [id, found]);
  }

  async redrive(name: string, deaths: readonly Death[]): Promise<Redrive[]> {
    const { store } = this;
    const queue = store.queue(name);
    return deaths.map((death) => {
      const found = this.opened(name, death);
      if (!found) return 'not-found';
      const message = startedAnew(found.record.slice(found.record.indexOf('\n') + 1), store.now);
      const again = remembered(message, encodeAttempt({ at: store.now, code: REDRIVEN }));
      store.cancelled.delete(death.id);
      queue.pending.push(again);
      const key = keyOf(again);
      if (key && !store.unique.has(key.digest)) store.unique.set(key.digest, { queue: name, message: again });
      return 'redriven';
    });
  }

  async remove(queue: string, deaths: readonly Death[]): Promise<number> {
    return deaths.filter((death) => this.opened(queue, death)).length;
  }

  private inRange(queue: string, { since = -Infinity, until = Infinity }: DeadRange): DeadEntry[] {
    const all = [...this.store.queue(queue).dead].filter(([, { diedAt }]) => diedAt >= since && diedAt <= until);
    return all.map((found) => toEntry(queue, found));
  }

  /** Removes a dead task; only this death of it: the task may have run and died once more. */
  private opened(queue: string, { id, diedAt }: Death): DeadRecord | undefined {
    const { dead } = this.store.queue(queue);
    const found = dead.get(id);
    if (found?.diedAt !== diedAt) return undefined;
    dead.delete(id);
    return found;
  }
}

function toEntry(queue: string, [id, { diedAt, record }]: [string, DeadRecord]): DeadEntry {
  return { queue, id, diedAt, record: Buffer.from(record) };
}

function compare(a: Death, b: Death): number {
  return a.diedAt - b.diedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
