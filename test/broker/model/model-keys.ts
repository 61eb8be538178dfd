import { idOf, keyOf } from './messages.js';
import type { Situation } from './situations.js';
import type { State } from './system.js';

/** The unique keys as the model has them. */
export class ModelKeys {
  /** digest -> the task that has the key */
  private readonly holders = new Map<string, { queue: string; message: string }>();

  constructor(private readonly note: (situation: Situation) => void) {}

  holderOf(message: string): { queue: string; message: string } | undefined {
    return this.holders.get(keyOf(message)?.digest ?? '');
  }

  take(queue: string, message: string): void {
    const key = keyOf(message);
    if (key) this.holders.set(key.digest, { queue, message });
  }

  /** When a task has ended, or a claim has started one whose key is for those that wait. */
  free(message: string): void {
    const key = keyOf(message);
    if (!key) return;
    const holds = this.isHeldBy(message);
    if (holds) this.holders.delete(key.digest);
    else if (this.holderOf(message)) this.note('key kept: another task has it');
    if (holds) this.note(key.until === 's' ? 'key freed by a claim' : 'key freed at the end');
  }

  /** The task is stored somewhere with other bytes now. */
  update(queue: string, message: string): void {
    if (this.isHeldBy(message)) this.take(queue, message);
  }

  state(): State {
    return { unique: Object.fromEntries([...this.holders].map(([key, it]) => [key, `${it.queue} ${it.message}`])) };
  }

  private isHeldBy(message: string): boolean {
    const holder = this.holderOf(message);
    return holder !== undefined && idOf(holder.message) === idOf(message);
  }
}
