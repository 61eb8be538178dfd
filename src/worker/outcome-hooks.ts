import type { ClaimedTask } from '../broker/port/broker.js';
import { unreadMessage } from '../message/unread-message.js';
import { hookName } from '../task/hook-calls.js';
import type { AttemptOutcome, OnTaskOutcome, TaskHookProvider } from '../task/task-hooks.js';
import { printable } from '../values/printable.js';
import { printed } from '../values/printed.js';
import type { Failure, Outcome } from './executor.js';
import { RunningTask } from './running-task.js';
import { runningTask } from './task-context.js';
import { WorkerLog } from './worker-log.js';

/** Calls `onTaskOutcome` of all providers, for each task that leaves a worker. */
export class OutcomeHooks {
  private readonly logger = new WorkerLog('TaskHooks');
  private readonly hooks: readonly OnTaskOutcome[];

  constructor(hooks: readonly TaskHookProvider[]) {
    this.hooks = hooks.filter((hook): hook is OnTaskOutcome => typeof hook.onTaskOutcome === 'function');
  }

  /** @param givenBack the task goes back to its queue, and the attempt does not count */
  ended(task: RunningTask, outcome: Outcome, givenBack = false): void {
    if (this.hooks.length > 0) this.call(task, outcomeOf(task, outcome, givenBack));
  }

  /** One that could not be started. Bytes that are no task have no such call. */
  unstarted(claimed: ClaimedTask, failure: Failure): void {
    if (this.hooks.length === 0) return;
    const task = failure.task ?? unread(claimed);
    if (task) this.call(task, outcomeOf(task, failure, false));
  }

  /**
   * A broadcast, which runs once in any case.
   *
   * @param task undefined where it could not be started
   */
  broadcast(claimed: ClaimedTask, outcome: Outcome, task: RunningTask | undefined): void {
    const last: Outcome =
      outcome.kind === 'failed' && outcome.decision.kind === 'retry'
        ? { ...outcome, decision: { kind: 'dead' } }
        : outcome;
    if (task) this.ended(task, last);
    else if (last.kind === 'failed') this.unstarted(claimed, last);
  }

  /** An observer that fails must not decide over the task. */
  private call(task: RunningTask, outcome: AttemptOutcome): void {
    runningTask.run(task, () => {
      for (const hook of this.hooks) {
        try {
          const answer: unknown = hook.onTaskOutcome(task, outcome);
          // an async method fits the type, and its rejection would end the process
          if (typeof answer === 'object') void Promise.resolve(answer).catch((error) => this.failed(hook, task, error));
        } catch (error) {
          this.failed(hook, task, error);
        }
      }
    });
  }

  private failed(hook: OnTaskOutcome, { name, id }: RunningTask, error: unknown): void {
    const which = `${printable(name)} ${printable(id)}`;
    this.logger.error(`A hook of ${printable(hookName(hook))} failed at ${which}: ${printed(error)}`);
  }
}

function outcomeOf({ cancelled }: RunningTask, outcome: Outcome, givenBack: boolean): AttemptOutcome {
  const { durationMs } = outcome;
  if (outcome.kind === 'done') return { kind: 'done', started: true, durationMs };
  const { error, decision, attempted: started } = outcome;
  const failed = { error, started, durationMs };
  if (givenBack) return { kind: 'released', ...failed };
  if (decision.kind === 'retry') return { kind: 'retry', ...failed, retryInMs: decision.inMs };
  if (decision.kind === 'dead') return { kind: 'dead', ...failed };
  return { kind: cancelled ? 'cancelled' : 'dropped', ...failed };
}

function unread({ message, queue }: ClaimedTask): RunningTask | undefined {
  const known = unreadMessage(message);
  return known && new RunningTask(known, queue, message);
}
