import type { TaskPlace } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import type { MemoryStore } from './memory-store.js';

/** Finds single tasks, and cancels them. */
export class MemoryFinder {
  constructor(private readonly store: MemoryStore) {}

  locate(id: string): TaskPlace {
    return this.waiting(id) ?? this.active(id) ?? this.ended(id) ?? { state: 'unknown' };
  }

  /** @returns where it was found */
  cancel(id: string): TaskPlace {
    const place = this.locate(id);
    const { state, queue = '', message = '' } = place;
    if (state === 'scheduled' || state === 'pending') {
      this.store.queue(queue).withdraw(message);
      this.store.freeKey(message);
      this.store.rememberCancelled(id);
    } else if (state === 'active') this.store.rememberCancelled(id);
    return place;
  }

  private waiting(id: string): TaskPlace | undefined {
    for (const name of this.store.queueNames) {
      const { scheduled, pending } = this.store.queue(name);
      const later = scheduled.find(({ message }) => idOf(message) === id);
      if (later) return { state: 'scheduled', queue: name, message: later.message };
      const message = pending.find((other) => idOf(other) === id);
      if (message !== undefined) return { state: 'pending', queue: name, message };
    }
    return undefined;
  }

  private active(id: string): TaskPlace | undefined {
    const task = this.store.held.get(id);
    if (!task) return undefined;
    const { queue, message } = task;
    return { state: this.store.cancelled.has(id) ? 'cancelled' : 'active', queue, message };
  }

  private ended(id: string): TaskPlace | undefined {
    const queue = this.store.queueNames.find((name) => this.store.queue(name).dead.has(id));
    if (queue !== undefined) return { state: 'dead', queue };
    return this.store.cancelled.has(id) ? { state: 'cancelled' } : undefined;
  }
}
