import type { ClaimedTask } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import type { Clock } from '../../values/clock.js';
import { MemoryQueue } from './memory-queue.js';
import { keyOf } from './message-edits.js';

const CANCELLED_MS = 86_400_000;
const MOST_CANCELLED = 10_000;

/**
 * All tasks of a broker in memory, with the steps that its transitions share. Maps take the place of the keys of Redis. One
 * process has one thread, so each transition is atomic by itself.
 */
export class MemoryStore {
  readonly queues = new Map<string, MemoryQueue>();
  /** the active tasks, by id */
  readonly held = new Map<string, ClaimedTask>();
  /** digest of a key -> the task that has it */
  readonly unique = new Map<string, Pick<ClaimedTask, 'queue' | 'message'>>();
  /** id -> when, the oldest first */
  readonly cancelled = new Map<string, number>();

  /** @param queueNames all queues of the app, in the order of their priority */
  constructor(
    private readonly clock: Clock,
    readonly queueNames: readonly string[],
  ) {}

  get now(): number {
    return this.clock();
  }

  /** A queue exists as soon as it is named. */
  queue(name: string): MemoryQueue {
    const queue = this.queues.get(name) ?? new MemoryQueue(name);
    this.queues.set(name, queue);
    return queue;
  }

  /** Forgets all tasks, in every state. */
  clear(): void {
    for (const kept of [this.queues, this.held, this.unique, this.cancelled]) kept.clear();
  }

  /** Lets the next task with the key of this message in. */
  freeKey(message: string): void {
    const digest = this.digestHeld(message);
    if (digest !== undefined) this.unique.delete(digest);
  }

  /** A replacing task has to find the other one as it is stored. */
  updateKey(queue: string, message: string): void {
    const digest = this.digestHeld(message);
    if (digest !== undefined) this.unique.set(digest, { queue, message });
  }

  rememberCancelled(id: string): void {
    this.cancelled.delete(id);
    this.cancelled.set(id, this.now);
    for (const [other, at] of this.cancelled) {
      if (at > this.now - CANCELLED_MS && this.cancelled.size <= MOST_CANCELLED) break;
      this.cancelled.delete(other);
    }
  }

  /** The digest of the key of this message, unless another task has taken the key over. */
  private digestHeld(message: string): string | undefined {
    const digest = keyOf(message)?.digest;
    const holder = digest === undefined ? undefined : this.unique.get(digest);
    return holder && idOf(holder.message) === idOf(message) ? digest : undefined;
  }
}
