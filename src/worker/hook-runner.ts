import { Logger } from '@nestjs/common';
import type { TaskHookProvider, TaskInfo } from '../task/task-hooks.js';

type Notice = (hook: TaskHookProvider) => unknown;

/** Calls the hooks of all providers around a handler. Without hooks it costs nothing. */
export class HookRunner {
  private readonly logger = new Logger('TaskHooks');
  private readonly wrappers: readonly TaskHookProvider[];

  constructor(private readonly hooks: readonly TaskHookProvider[]) {
    this.wrappers = hooks.filter((hook) => hook.wrapTask).reverse();
  }

  /** Rejects with what the handler, or a wrapper, threw. */
  around(task: TaskInfo, handler: () => unknown): unknown {
    return this.hooks.length === 0 ? handler() : this.observed(task, handler);
  }

  private async observed(task: TaskInfo, handler: () => unknown): Promise<void> {
    await this.tell(task, (hook) => hook.onTaskStart?.(task));
    try {
      await this.wrapped(task, handler)();
    } catch (error) {
      await this.tell(task, (hook) => hook.onTaskFailure?.(task, error));
      throw error;
    }
    await this.tell(task, (hook) => hook.onTaskSuccess?.(task));
  }

  private wrapped(task: TaskInfo, handler: () => unknown): () => Promise<void> {
    const innermost = async (): Promise<void> => {
      await handler();
    };
    return this.wrappers.reduce((next, hook) => async () => hook.wrapTask?.(task, next), innermost);
  }

  /** An observer that fails must not decide over the task. */
  private async tell(task: TaskInfo, notice: Notice): Promise<void> {
    for (const hook of this.hooks) {
      try {
        await notice(hook);
      } catch (error) {
        this.logger.error(`A hook of ${hook.constructor.name} failed at ${task.name} ${task.id}: ${String(error)}`);
      }
    }
  }
}
