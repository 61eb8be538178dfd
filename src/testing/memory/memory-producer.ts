import type { Due, KeyHolder, UniqueOptions } from '../../broker/broker.js';
import { blockOf, producerOf } from '../../task/task-id.js';
import { idOf } from '../../task/task-message.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf } from './message-edits.js';

/** How long a repeated enqueue is recognised. */
const SEEN_MS = 600_000;

/** (nowhere) -> pending or scheduled: lets each id in once. */
export class MemoryProducer {
  /** block of a producer's ids -> those that are in */
  private readonly seen = new Map<string, { readonly ids: Set<string>; until: number }>();

  constructor(private readonly store: MemoryStore) {}

  enqueue(queue: string, messages: readonly string[], due?: Due): number {
    const fresh = messages.filter((message) => this.letIn(idOf(message)));
    if (fresh.length === 0) return 0;
    if (due) this.store.schedule(queue, this.timeOf(due), fresh);
    else for (const message of fresh) this.store.append(queue, message);
    return fresh.length;
  }

  /** @returns the task that has the key now */
  enqueueUnique(queue: string, message: string, { due = { in: 0 }, replace }: UniqueOptions): KeyHolder {
    const { store } = this;
    const id = idOf(message);
    if (this.knows(id)) return { id, queue };
    const digest = keyOf(message)?.digest ?? '';
    const former = store.unique.get(digest);
    if (former && !replace) return { id: idOf(former.message), queue: former.queue };
    const at = this.timeOf(due);
    if (at > store.now) store.schedule(queue, at, [message]);
    else store.append(queue, message);
    // a queue that this app does not know is none of its business
    if (former && [...store.queueNames, queue].includes(former.queue)) {
      store.queue(former.queue).withdraw(former.message);
    }
    this.letIn(id);
    store.unique.set(digest, { queue, message });
    return { id, queue };
  }

  /** Whether an id was let in before. */
  knows(id: string): boolean {
    return this.blockOf(id).ids.has(id);
  }

  forgetAll(): void {
    this.seen.clear();
  }

  /** Marks an id as seen. Returns false when it was. */
  letIn(id: string): boolean {
    const block = this.blockOf(id);
    block.until = this.store.now + SEEN_MS;
    if (block.ids.has(id)) return false;
    block.ids.add(id);
    return true;
  }

  private timeOf(due: Due): number {
    return 'in' in due ? this.store.now + due.in : due.at;
  }

  private blockOf(id: string): { readonly ids: Set<string>; until: number } {
    const key = `${producerOf(id)}:${blockOf(id)}`;
    let block = this.seen.get(key);
    if (!block || block.until <= this.store.now) block = { ids: new Set(), until: this.store.now + SEEN_MS };
    this.seen.set(key, block);
    return block;
  }
}
