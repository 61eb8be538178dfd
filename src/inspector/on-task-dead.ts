import type { DeadTask } from './dead-task.js';

/**
 * Called once for each task that died, by one of the workers that serve its queue and whose app has the hook: in every way, also by
 * crashes and hard timeouts. That is up to some seconds after the death. A call whose process ends is not repeated. Tests with
 * `TestQueue` or `drainTasks()` do not call it. An error is logged and changes nothing.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class DeathAlerts implements OnTaskDead {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskDead({ task, code }: DeadTask) {
 *     this.metrics.count('task.dead', `${task} ${code}`);
 *   }
 * }
 */
export interface OnTaskDead {
  /** `task` is its record, as `DeadLetters` has it; a promise is awaited before the next call of this process. */
  onTaskDead(task: DeadTask): void | Promise<void>;
}

/** Those among the providers of hooks that have this one. */
export function deathHooks(providers: readonly object[]): OnTaskDead[] {
  return providers.filter((hook): hook is OnTaskDead => typeof (hook as Partial<OnTaskDead>).onTaskDead === 'function');
}
