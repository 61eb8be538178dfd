import type { DoneBroker, DonePage, DoneQuery } from '../../broker/port/done-port.js';
import type { DoneRecord } from '../../task/done-record.js';
import type { Clock } from '../../values/clock.js';

const KEPT_MS = 7 * 86_400_000;

/** The done tasks that are kept, in memory. */
export class MemoryDone implements DoneBroker {
  /** by name, the oldest first */
  private readonly kept = new Map<string, readonly DoneRecord[]>();

  constructor(private readonly clock: Clock) {}

  keep(task: string, most: number, records: readonly DoneRecord[]): void {
    this.kept.set(task, [...this.of(task), ...records].slice(-most));
  }

  async page(task: string, { order, passed, limit }: DoneQuery): Promise<DonePage> {
    const all = order === 'oldest' ? this.of(task) : this.of(task).toReversed();
    const records = all.slice(passed, passed + limit);
    return { records, looked: records.length, left: Math.max(all.length - passed - records.length, 0) };
  }

  async find(task: string, id: string): Promise<DoneRecord | undefined> {
    return this.of(task).findLast((record) => record.id === id);
  }

  private of(task: string): readonly DoneRecord[] {
    const records = this.kept.get(task) ?? [];
    return (records.at(-1)?.endedAt ?? 0) + KEPT_MS > this.clock() ? records : [];
  }
}
