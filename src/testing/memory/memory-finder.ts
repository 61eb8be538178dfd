import type { TaskPlace } from '../../broker/broker.js';
import { idOf } from '../../task/task-message.js';
import type { MemoryStore } from './memory-store.js';

/** Finds single tasks, and cancels them. */
export class MemoryFinder {
  /** @param tellCancelled told of an active task that was cancelled */
  constructor(
    private readonly store: MemoryStore,
    private readonly tellCancelled: (id: string) => void,
  ) {}

  locate(id: string): TaskPlace {
    return this.waiting(id) ?? this.active(id) ?? this.ended(id) ?? { state: 'unknown' };
  }

  /** @returns where it was found */
  cancel(id: string): TaskPlace {
    const place = this.locate(id);
    const { state, queue = '', message = '' } = place;
    if (state === 'scheduled' || state === 'pending') {
      this.store.queue(queue).withdraw(message);
      this.store.rememberCancelled(id);
      this.store.freeKey(message);
    } else if (state === 'active') {
      this.store.rememberCancelled(id);
      this.tellCancelled(id);
    }
    return place;
  }

  private waiting(id: string): TaskPlace | undefined {
    for (const name of this.store.queueNames) {
      const { scheduled, pending, suspects } = this.store.queue(name);
      const later = scheduled.find(({ message }) => idOf(message) === id);
      if (later) return { state: 'scheduled', queue: name, message: later.message };
      const message = [...pending, ...suspects].find((other) => idOf(other) === id);
      if (message !== undefined) return { state: 'pending', queue: name, message };
    }
    return undefined;
  }

  private active(id: string): TaskPlace | undefined {
    for (const held of this.store.claims.values()) {
      const task = held.get(id);
      if (task) return { state: this.store.cancelled.has(id) ? 'cancelled' : 'active', ...task };
    }
    return undefined;
  }

  private ended(id: string): TaskPlace | undefined {
    const queue = this.store.queueNames.find((name) => this.store.queue(name).dead.has(id));
    if (queue !== undefined) return { state: 'dead', queue };
    return this.store.cancelled.has(id) ? { state: 'cancelled' } : undefined;
  }
}
