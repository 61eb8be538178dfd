import { TaskIdSequence } from '../message/task-id.js';
import { encodeMessage } from '../message/task-message.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { BroadcastRunner } from './broadcast-runner.js';
import type { Executor } from './executor.js';

/** What a child runs by itself, each once. */
type StartTasks = readonly Pick<TaskDefinition, 'name' | 'afterStart'>[];

/** The message of such a run: it lies in no queue. */
export function startMessage(name: string, payload = '[]', enqueuedAt = Date.now()): string {
  return encodeMessage({ id: new TaskIdSequence().next(), name, payload, enqueuedAt });
}

/**
 * Runs the `@Timeout({ on: 'child' })` of a child, each so long after it has begun to claim; beside its claim loop, as a broadcast. One that is still to
 * come when the child ends does not come any more.
 */
export class StartRuns {
  private readonly runner: BroadcastRunner;
  private timers: NodeJS.Timeout[] | undefined;

  constructor(
    executor: Executor,
    private readonly tasks: StartTasks,
  ) {
    // its end is noted in the log alone
    this.runner = new BroadcastRunner(executor, () => {});
  }

  /** Idempotent: a child that gets another session has started before. */
  start(): void {
    this.timers ??= this.tasks.flatMap(({ name, afterStart }) => {
      if (!afterStart) return [];
      const { delayMs, payload } = afterStart;
      const run = (): void => this.runner.run({ type: 'broadcast', id: '', message: startMessage(name, payload) });
      return [setTimeout(run, delayMs).unref()];
    });
  }

  /** Aborts the signals of those that run. */
  abort(reason: Error): void {
    this.runner.abort(reason);
  }

  /** Resolves when none runs; from then on none begins. */
  settled(): Promise<void> {
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.timers = [];
    return this.runner.settled();
  }
}
