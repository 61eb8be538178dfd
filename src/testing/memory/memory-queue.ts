import { isSuspect } from './message-edits.js';

/** A message that waits for its time. */
export interface Scheduled {
  readonly due: number;
  readonly message: string;
}

/** A dead task: when it died, and its report and message as one text. */
export interface Grave {
  readonly diedAt: number;
  readonly record: string;
}

/** One queue, with all that waits in it or has died in it. */
export class MemoryQueue {
  pending: string[] = [];
  suspects: string[] = [];
  /** the first to be due first; those of one instant by their ids */
  readonly scheduled: Scheduled[] = [];
  readonly dead = new Map<string, Grave>();

  constructor(readonly name: string) {}

  /** Where it can be claimed from: what a process died with waits to run alone. */
  append(message: string): void {
    (isSuspect(message) ? this.suspects : this.pending).push(message);
  }

  putBack(message: string): void {
    (isSuspect(message) ? this.suspects : this.pending).unshift(message);
  }

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

  /** Takes what is due, at most so many. */
  takeDue(now: number, limit: number): string[] {
    const first = this.scheduled.findIndex(({ due }) => due > now);
    const count = Math.min(first < 0 ? this.scheduled.length : first, Math.max(limit, 0));
    return this.scheduled.splice(0, count).map(({ message }) => message);
  }

  /** Takes a message away from wherever it waits. Returns false when it waits nowhere. */
  withdraw(message: string): boolean {
    const scheduled = this.scheduled.findIndex((other) => other.message === message);
    if (scheduled >= 0) return this.scheduled.splice(scheduled, 1).length > 0;
    for (const list of [this.suspects, this.pending]) {
      const at = list.lastIndexOf(message);
      if (at >= 0) return list.splice(at, 1).length > 0;
    }
    return false;
  }
}
