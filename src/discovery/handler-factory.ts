import { Injectable } from '@nestjs/common';
import { ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import type { TaskHandler } from '../task/task-definition.js';
import type { TaskInfo } from '../task/task-hooks.js';

/** Nest's record of a provider; Nest does not export the type itself. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

type Method = (...args: unknown[]) => unknown;

/** Binds a decorated method to its instance: the singleton, or one made for each task. */
@Injectable()
export class HandlerFactory {
  constructor(private readonly moduleRef: ModuleRef) {}

  create(wrapper: Wrapper, method: string): TaskHandler {
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
      return (args, task) => this.runScoped(wrapper, method, args, task);
    }
    return (args) => call(wrapper.instance, method, args);
  }

  /** A request-scoped class gets its instance, and all that it injects, for one task alone; `REQUEST` is the TaskInfo. */
  private async runScoped(wrapper: Wrapper, method: string, args: unknown[], task: TaskInfo): Promise<unknown> {
    const scope = ContextIdFactory.create();
    // of its own module: another one may use the same token for another class
    const moduleRef = (wrapper.host?.getProviderByKey(ModuleRef)?.instance as ModuleRef | undefined) ?? this.moduleRef;
    moduleRef.registerRequestByContextId(task, scope);
    const instance = await moduleRef.resolve<object>(wrapper.token as string, scope).catch((cause: unknown) => {
      throw new NestworkError(
        'SCOPE_UNRESOLVED',
        `The request-scoped provider of task "${task.name}" could not be made: ${String(cause)}.`,
        'A task has no HTTP request: what it injects must do without, and REQUEST injects the TaskInfo.',
        { cause },
      );
    });
    return call(instance, method, args);
  }
}

/** Throws where the method is missing: a task that did nothing must not count as done. */
function call(instance: object, method: string, args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(instance, method) as Method, instance, args);
}
