import type { BroadcastOrder, BroadcastReport } from '../ipc/ipc-protocol.js';
import { idOf } from '../message/task-message.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { printable, printableStack } from '../values/printable.js';
import { printedText } from '../values/printed.js';
import { describeError } from './describe-error.js';
import { type Executor, isFailure, type Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';
import { WorkerLog } from './worker-log.js';

/** Runs the broadcasts that the supervisor hands over, beside the claim loop, and reports how each ended. */
export class BroadcastRunner {
  private readonly logger = new WorkerLog('TaskWorker');
  private readonly running = new Map<Promise<void>, RunningTask>();
  private abortReason: Error | undefined;
  private closed = false;

  constructor(
    private readonly executor: Executor,
    private readonly report: (report: BroadcastReport) => void,
  ) {}

  /** Does nothing once `settled` has resolved: the app is being closed. */
  run(order: BroadcastOrder): void {
    if (this.closed) return;
    const { message } = order;
    const id = idOf(message);
    const claimed = { id, queue: BROADCAST_QUEUE, message };
    const prepared = this.executor.prepare(claimed);
    if (isFailure(prepared)) {
      this.executor.outcomes.broadcast(claimed, prepared, undefined);
      return this.end(order, prepared, id);
    }
    const { task } = prepared;
    if (this.abortReason) task.abort(this.abortReason);
    const run = this.executor.run(prepared).then((outcome) => {
      this.running.delete(run);
      this.executor.outcomes.broadcast(claimed, outcome, task);
      runningTask.run(task, () => this.end(order, outcome, `${task.name} ${id}`));
    });
    this.running.set(run, task);
  }

  /** Aborts the signals of those that run. */
  abort(reason: Error): void {
    this.abortReason = reason;
    for (const task of this.running.values()) task.abort(reason);
  }

  /** Resolves when none runs; from then on none is taken. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.keys());
    this.closed = true;
  }

  private end(order: BroadcastOrder, outcome: Outcome, which: string): void {
    const durationMs = Math.round(outcome.durationMs);
    if (outcome.kind === 'done') return this.report({ type: 'broadcastEnded', id: order.id, error: '', durationMs });
    const { code, error, stack } = describeError(outcome.error);
    const why = printedText(error, code !== 'TASK_FAILED');
    this.logger.error(`Broadcast ${printable(which)} failed: ${why}`, stack && printableStack(stack));
    const kept = outcome.task?.sealedText(error) ?? error;
    this.report({ type: 'broadcastEnded', id: order.id, error: kept, durationMs });
  }
}
