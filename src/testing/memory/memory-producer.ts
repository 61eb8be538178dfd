import { SEEN_SECONDS, seenBlock } from '../../broker/enqueue.js';
import type { Due, KeyHolder, UniqueOptions } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf } from './message-edits.js';

interface SeenBlock {
  readonly ids: Set<string>;
  until: number;
}

/** (nowhere) -> pending or scheduled: lets each id in once. */
export class MemoryProducer {
  /** block of a producer's ids -> those that are in */
  private readonly seen = new Map<string, SeenBlock>();

  constructor(private readonly store: MemoryStore) {}

  /** @returns how many were new */
  enqueue(name: string, messages: readonly string[], due?: Due): number {
    const queue = this.store.queue(name);
    const fresh = messages.filter((message) => this.letIn(message));
    for (const message of fresh) {
      if (due) queue.schedule(this.timeOf(due), message);
      else queue.pending.push(message);
    }
    return fresh.length;
  }

  /** @returns the task that has the key now */
  enqueueUnique(queue: string, message: string, { due = { in: 0 }, replace }: UniqueOptions): KeyHolder {
    const { store } = this;
    const id = idOf(message);
    if (this.knows(message)) return { id, queue };
    const digest = keyOf(message)?.digest ?? '';
    const former = store.unique.get(digest);
    if (former && !replace) return { id: idOf(former.message), queue: former.queue };
    const at = this.timeOf(due);
    if (at > store.now) store.queue(queue).schedule(at, message);
    else store.queue(queue).pending.push(message);
    if (former) store.queue(former.queue).withdraw(former.message);
    this.letIn(message);
    store.unique.set(digest, { queue, message });
    return { id, queue };
  }

  /** Whether a message was let in before. */
  knows(message: string): boolean {
    return this.blockOf(message).ids.has(idOf(message));
  }

  forgetAll(): void {
    this.seen.clear();
  }

  /** Marks a message as seen. Returns false when it was. */
  letIn(message: string): boolean {
    const block = this.blockOf(message);
    block.until = this.store.now + SEEN_SECONDS * 1_000;
    const { size } = block.ids;
    return block.ids.add(idOf(message)).size > size;
  }

  private timeOf(due: Due): number {
    return 'in' in due ? this.store.now + due.in : due.at;
  }

  private blockOf(message: string): SeenBlock {
    const key = seenBlock(message);
    const known = this.seen.get(key);
    if (known && known.until > this.store.now) return known;
    const block = { ids: new Set<string>(), until: Number.POSITIVE_INFINITY };
    this.seen.set(key, block);
    return block;
  }
}
