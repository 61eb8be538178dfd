import type { ArgumentsHost, ExecutionContext, Type } from '@nestjs/common';
import { NestworkError } from '../errors.js';
import type { TaskInfo } from '../task/task-hooks.js';

/** The value of `context.getType()` within a task. */
export const TASK_CONTEXT = 'task';

/**
 * The values of `context.getType()` in an app with tasks.
 *
 * @example
 * import type { ExecutionContext } from '@nestjs/common';
 * import type { TaskContextType } from 'nestwork';
 *
 * const isTask = (context: ExecutionContext) => context.getType<TaskContextType>() === 'task';
 */
export type TaskContextType = typeof TASK_CONTEXT | 'http' | 'ws' | 'rpc';

/**
 * The task around which guards, interceptors, filters and parameter decorators run.
 *
 * @example
 * import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
 * import { type TaskContextType, TaskExecutionContext } from 'nestwork';
 *
 * @Injectable()
 * export class Noting implements NestInterceptor {
 *   private readonly logger = new Logger(Noting.name);
 *
 *   intercept(context: ExecutionContext, next: CallHandler) {
 *     if (context.getType<TaskContextType>() !== 'task') return next.handle();
 *     const { name, attempt } = TaskExecutionContext.create(context).getTask();
 *     this.logger.log(`${name}, attempt ${attempt}`);
 *     return next.handle();
 *   }
 * }
 */
export class TaskExecutionContext implements ExecutionContext {
  private constructor(private readonly host: ExecutionContext) {}

  /**
   * @param context the context that Nest passes; the host of a filter, too
   * @throws NestworkError OUTSIDE_TASK when it is the context of something else, for example of a request
   */
  static create(context: ArgumentsHost): TaskExecutionContext {
    const type = context.getType<string>();
    // Nest passes the same host to filters as everywhere
    if (type === TASK_CONTEXT) return new TaskExecutionContext(context as ExecutionContext);
    throw new NestworkError(
      'OUTSIDE_TASK',
      `TaskExecutionContext.create() got a context of type "${type}".`,
      'Check context.getType() first in code that does not run around tasks alone.',
    );
  }

  getType<Type extends string = TaskContextType>(): Type {
    return this.host.getType<Type>();
  }

  /** The running task: its id, name, queue, attempt, signal. */
  getTask(): TaskInfo {
    return this.host.getArgByIndex<TaskInfo>(1);
  }

  /** The arguments of the call as they came, before any pipe. */
  getArgs<Args extends unknown[] = unknown[]>(): Args {
    return this.host.getArgByIndex<Args>(0);
  }

  getArgByIndex<Arg = unknown>(index: number): Arg {
    return this.getArgs()[index] as Arg;
  }

  /** The task class. */
  // biome-ignore lint/suspicious/noExplicitAny: Nest's own signature
  getClass<Class = any>(): Type<Class> {
    return this.host.getClass<Class>();
  }

  /** The decorated method. */
  getHandler(): ReturnType<ExecutionContext['getHandler']> {
    return this.host.getHandler();
  }

  /** Nest's common view: the arguments as its data, the task as its context. */
  switchToRpc(): ReturnType<ExecutionContext['switchToRpc']> {
    return this.host.switchToRpc();
  }

  /** There is no request in a task. */
  switchToHttp(): ReturnType<ExecutionContext['switchToHttp']> {
    return this.host.switchToHttp();
  }

  /** There is no socket in a task. */
  switchToWs(): ReturnType<ExecutionContext['switchToWs']> {
    return this.host.switchToWs();
  }
}
