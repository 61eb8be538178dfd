import { isQuarantined } from '../message/task-message.js';
import { TaskCancelledError } from '../policy/task-errors.js';
import type { RunningTask } from './running-task.js';

/** News of a cancelled task may come before the task. */
const REMEMBERED_CANCELS = 1_000;

/** The tasks whose handlers are under way in this process, and the orders to abort them. */
export class RunningTasks {
  private readonly running = new Map<string, RunningTask>();
  private readonly cancelled = new Set<string>();
  private reason: Error | undefined;
  private quarantined = 0;

  get size(): number {
    return this.running.size;
  }

  /** A process died with one of them before, so nothing may run beside it. */
  get alone(): boolean {
    return this.quarantined > 0;
  }

  /** Whether all were aborted; one that starts now is, too. */
  get aborted(): boolean {
    return this.reason !== undefined;
  }

  add(task: RunningTask, message: string): void {
    this.running.set(task.id, task);
    if (isQuarantined(message)) this.quarantined += 1;
    if (this.reason) task.abort(this.reason);
  }

  delete(id: string, message: string): void {
    this.running.delete(id);
    if (isQuarantined(message)) this.quarantined -= 1;
  }

  abort(reason: Error): void {
    this.reason = reason;
    for (const task of this.running.values()) task.abort(reason);
  }

  /** Aborts the signal of a task, or of all tasks of a batch or flow, that run here, and remembers it in case it comes. */
  cancel(id: string): void {
    this.cancelled.add(id);
    const [oldest] = this.cancelled;
    if (this.cancelled.size > REMEMBERED_CANCELS && oldest !== undefined) this.cancelled.delete(oldest);
    const task = this.running.get(id);
    task?.abort(new TaskCancelledError(task.name));
    for (const member of this.running.values()) {
      if (member.message.group?.group === id) member.abort(new TaskCancelledError(member.name));
    }
  }

  /** Whether a task that is about to start was cancelled; asked once. */
  wasCancelled(id: string): boolean {
    return this.cancelled.delete(id);
  }
}
