import { NestworkError } from '../errors.js';
import { handled, hookName } from '../task/hook-calls.js';
import type { TaskHookProvider, TaskInfo } from '../task/task-hooks.js';
import { printable } from '../values/printable.js';
import { printed } from '../values/printed.js';
import { lastValue } from './last-value.js';
import { WorkerLog } from './worker-log.js';

type Notice = (hook: TaskHookProvider) => unknown;
/** The others are called elsewhere. */
const OF_ATTEMPTS = ['onTaskStart', 'onTaskSuccess', 'onTaskFailure', 'wrapTask'] as const;

type Next = () => Promise<unknown>;

/** Calls the hooks of all providers around a handler. */
export class HookRunner {
  private readonly logger = new WorkerLog('TaskHooks');
  private readonly hooks: readonly TaskHookProvider[];
  private readonly wrappers: readonly TaskHookProvider[];

  constructor(hooks: readonly TaskHookProvider[]) {
    // a task pays nothing for hooks that it does not call
    this.hooks = hooks.filter((hook) => OF_ATTEMPTS.some((name) => hook[name]));
    this.wrappers = hooks.filter((hook) => hook.wrapTask).reverse();
  }

  get isEmpty(): boolean {
    return this.hooks.length === 0;
  }

  /** Resolves to what the handler returned; rejects with what it, or a wrapper, threw. */
  async around(task: TaskInfo, handler: () => unknown): Promise<unknown> {
    await this.notify(task, (hook) => hook.onTaskStart?.(task));
    let result: unknown;
    try {
      result = await this.wrapped(task, handler);
    } catch (error) {
      await this.notify(task, (hook) => hook.onTaskFailure?.(task, error));
      throw error;
    }
    await this.notify(task, (hook) => hook.onTaskSuccess?.(task, result));
    return result;
  }

  /** Acknowledged without having run, or while it runs, a task would be lost; run twice, it would break the promise of `next`. */
  private async wrapped(task: TaskInfo, handler: () => unknown): Promise<unknown> {
    let run: Promise<unknown> | undefined;
    let settled = false;
    let result: unknown;
    const innermost = (): Promise<unknown> => {
      run ??= (async () => {
        result = await lastValue(await handler());
        return result;
      })().finally(() => {
        settled = true;
      });
      return run;
    };
    const around = (next: Next, hook: TaskHookProvider): Next => {
      return handled(async () => {
        await hook.wrapTask?.(task, next);
        return result;
      });
    };
    await this.wrappers.reduce(around, handled(innermost))();
    if (run === undefined) throw notRun(task.name);
    // a wrapper did not handle an error that it did not await
    if (!settled) await run;
    return result;
  }

  /** An observer that fails must not decide over the task. */
  private async notify(task: TaskInfo, notice: Notice): Promise<void> {
    for (const hook of this.hooks) {
      try {
        await notice(hook);
      } catch (error) {
        const name = hookName(hook);
        this.logger.error(`A hook of ${printable(name)} failed at ${task.name} ${task.id}: ${printed(error)}`);
      }
    }
  }
}

function notRun(name: string): NestworkError {
  return new NestworkError(
    'TASK_NOT_RUN',
    `No wrapper called next(), so task "${name}" did not run.`,
    'Call next() once in wrapTask, and await it; throw to refuse a task.',
  );
}
