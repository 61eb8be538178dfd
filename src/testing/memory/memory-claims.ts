import type { ClaimedTask, CronRun, DeathReport, Retry } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import type { TestClaims } from '../test-work.js';
import type { MemoryCrons } from './memory-crons.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf, remembered, withFailure, withTime } from './message-edits.js';

/** pending -> active -> the state in which a claim ends. */
export class MemoryClaims implements TestClaims {
  constructor(
    private readonly store: MemoryStore,
    private readonly crons: MemoryCrons,
  ) {}

  async next(): Promise<ClaimedTask | undefined> {
    const name = this.store.queueNames.find((queue) => this.store.queue(queue).pending.length > 0);
    return name === undefined ? undefined : this.taken(name, this.store.queue(name).pending.shift() ?? '');
  }

  /** Takes one task that is pending, at any place in its queue. Returns undefined when it is not pending. */
  one(id: string): ClaimedTask | undefined {
    for (const { name, pending } of this.store.queues.values()) {
      const at = pending.findIndex((message) => idOf(message) === id);
      const [message] = at < 0 ? [] : pending.splice(at, 1);
      if (message !== undefined) return this.taken(name, message);
    }
    return undefined;
  }

  async done(task: ClaimedTask): Promise<boolean> {
    return this.end(task, () => this.store.freeKey(task.message));
  }

  async retry(task: ClaimedTask, { inMs, line, counts }: Retry): Promise<boolean> {
    return this.endUnlessCancelled(task, ({ now }) => {
      const due = now + inMs;
      const again = withTime(remembered(counts ? withFailure(task.message) : task.message, line), due);
      this.store.updateKey(task.queue, again);
      const queue = this.store.queue(task.queue);
      if (inMs > 0) queue.schedule(due, again);
      else queue.pending.push(again);
    });
  }

  async bury(task: ClaimedTask, report: DeathReport, line: string): Promise<boolean> {
    return this.endUnlessCancelled(task, ({ now }) => {
      const last = line === '' ? task.message : remembered(withFailure(task.message), line);
      this.store.freeKey(last);
      this.store.queue(task.queue).dead.set(task.id, { diedAt: now, record: `${JSON.stringify(report)}\n${last}` });
    });
  }

  async recordRun(cron: string, run: CronRun): Promise<void> {
    this.crons.recordRun(cron, run);
  }

  private taken(queue: string, message: string): ClaimedTask {
    const task = { id: idOf(message), queue, message };
    this.store.held.set(task.id, task);
    if (keyOf(message)?.until === 'started') this.store.freeKey(message);
    return task;
  }

  /** Of this attempt alone: the task may have been forgotten, or be held once more. */
  private end(task: ClaimedTask, act: (store: MemoryStore) => void): boolean {
    if (this.store.held.get(task.id) !== task) return false;
    this.store.held.delete(task.id);
    act(this.store);
    return true;
  }

  /** One that was cancelled while it was active must not run again, and its key is free. */
  private endUnlessCancelled(task: ClaimedTask, act: (store: MemoryStore) => void): boolean {
    const cancelled = this.store.cancelled.has(task.id);
    return this.end(task, cancelled ? (store) => store.freeKey(task.message) : act);
  }
}
