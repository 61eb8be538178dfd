import { setTaskHooks } from '../task/task-metadata.js';
import { assertParentheses, misused } from './method-place.js';

/**
 * Marks a provider whose `onTaskStart`, `onTaskSuccess`, `onTaskFailure`, `onTaskOutcome` and `wrapTask` methods are called for every
 * task of the worker, whose `onTaskDead` is called for dead tasks, and whose `wrapSend` runs around everything that the app sends. Several such providers are called in the order of discovery; the first wraps the others.
 *
 * @throws NestworkError INVALID_OPTION while the class is being defined, where it stands on a method
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
export function TaskHooks(): ClassDecorator;
export function TaskHooks(...given: unknown[]): ClassDecorator {
  assertParentheses('@TaskHooks()', given[0]);
  return (target?: object) => {
    if (typeof target !== 'function') {
      throw misused(`@TaskHooks() in ${target?.constructor.name}`, 'does not stand on the class', [
        'Decorate the class, and name its methods onTaskStart, onTaskSuccess, onTaskFailure, onTaskOutcome, onTaskDead, wrapTask or wrapSend.',
      ]);
    }
    setTaskHooks(target);
  };
}
