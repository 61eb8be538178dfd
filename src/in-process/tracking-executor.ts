import { HardTimeoutError } from '../policy/task-errors.js';
import { Executor, type Outcome, type PreparedTask } from '../worker/executor.js';

/**
 * An executor for a process that cannot be ended. At its hard timeout the signal of a task aborts; when the task then
 * throws, that attempt ends as if its process had been killed.
 */
export class TrackingExecutor extends Executor {
  private readonly running = new Map<string, PreparedTask>();
  private readonly late = new Set<string>();

  /** The running tasks, as logs name them: `ReportTasks.send k3v9x0q2m7ab00000007`. */
  get names(): string[] {
    return Array.from(this.running.values(), ({ task }) => `${task.name} ${task.id}`);
  }

  /**
   * Aborts the signal of a task that ran beyond its hard timeout.
   *
   * @returns false when it does not run here, or was aborted before
   */
  timeOut(id: string): boolean {
    const prepared = this.running.get(id);
    if (!prepared || this.late.has(id)) return false;
    this.late.add(id);
    const { task, policy } = prepared;
    task.abort(new HardTimeoutError(task.name, policy.hardTimeoutMs ?? 0));
    return true;
  }

  override async run(prepared: PreparedTask): Promise<Outcome> {
    const { task, policy } = prepared;
    this.running.set(task.id, prepared);
    const outcome = await super.run(prepared);
    // the same task may have been claimed again after its lease was lost
    if (this.running.get(task.id) === prepared) this.running.delete(task.id);
    if (!this.late.delete(task.id) || outcome.kind === 'done' || task.cancelled) return outcome;
    const error = new HardTimeoutError(task.name, policy.hardTimeoutMs ?? 0, { cause: outcome.error });
    return { ...outcome, error, decision: policy.afterHardTimeout(task.name, task.message.failures) };
  }
}
