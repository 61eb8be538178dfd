/** A message that waits for its time. */
export interface Scheduled {
  readonly due: number;
  readonly message: string;
}

/** A dead task: when it died, and its report and message as one text. */
export interface DeadRecord {
  readonly diedAt: number;
  readonly record: string;
}

/** One queue, with all tasks that wait in it or are dead in it. */
export class MemoryQueue {
  readonly pending: string[] = [];
  /** the first to be due first; those of one instant by their ids */
  readonly scheduled: Scheduled[] = [];
  readonly dead = new Map<string, DeadRecord>();

  constructor(readonly name: string) {}

  schedule(due: number, message: string): void {
    let low = 0;
    let high = this.scheduled.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.scheduled[middle] as Scheduled;
      if (other.due < due || (other.due === due && other.message < message)) low = middle + 1;
      else high = middle;
    }
    this.scheduled.splice(low, 0, { due, message });
  }

  /** Makes due tasks pending, at most so many. Returns how many. */
  promote(now: number, limit: number): number {
    const first = this.scheduled.findIndex(({ due }) => due > now);
    const count = Math.min(first < 0 ? this.scheduled.length : first, limit);
    for (const { message } of this.scheduled.splice(0, count)) this.pending.push(message);
    return count;
  }

  /** Removes a message from the place where it waits. Returns false when it waits nowhere. */
  withdraw(message: string): boolean {
    const scheduled = this.scheduled.findIndex((other) => other.message === message);
    if (scheduled >= 0) return this.scheduled.splice(scheduled, 1).length > 0;
    const pending = this.pending.lastIndexOf(message);
    return pending >= 0 && this.pending.splice(pending, 1).length > 0;
  }
}
