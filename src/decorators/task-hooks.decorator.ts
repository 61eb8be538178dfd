import { setTaskHooks } from '../task/task-metadata.js';

/**
 * Marks a provider whose `onTaskStart`, `onTaskSuccess`, `onTaskFailure` and `wrapTask` methods are called for every
 * task of the worker. Several such providers are called in the order of discovery; the first wraps the others.
 *
 * @example
 * @TaskHooks()
 * @Injectable()
 * class TaskMetrics implements OnTaskFailure {
 *   constructor(private readonly metrics: Metrics) {}
 *
 *   onTaskFailure(task: TaskInfo, error: unknown) {
 *     this.metrics.count('task.failure', `${task.name} ${error}`);
 *   }
 * }
 */
export function TaskHooks(): ClassDecorator {
  return (target) => setTaskHooks(target);
}
