import { Injectable } from '@nestjs/common';
import { ContextIdFactory, type DiscoveryService, ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import type { TaskHandler } from '../task/task-definition.js';

/** Nest's record of a provider; Nest does not export the type itself. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

type Method = (...args: unknown[]) => unknown;

/** Binds a decorated method to its instance: the singleton, or one made for each task. */
@Injectable()
export class HandlerFactory {
  constructor(private readonly moduleRef: ModuleRef) {}

  create(wrapper: Wrapper, method: string, task: string): TaskHandler {
    if (!wrapper.isDependencyTreeStatic()) return (args) => this.runScoped(wrapper, method, task, args);
    const instance = wrapper.instance as Record<string, Method>;
    return (args) => instance[method]?.(...args);
  }

  /** A request-scoped class gets its instance, and all it injects, for one task alone. `REQUEST` is then undefined. */
  private async runScoped(wrapper: Wrapper, method: string, task: string, args: unknown[]): Promise<unknown> {
    const instance = await this.moduleRef
      .resolve<Record<string, Method>>(wrapper.token as string, ContextIdFactory.create(), { strict: false })
      .catch((cause: unknown) => {
        throw new NestworkError(
          'SCOPE_UNRESOLVED',
          `The request-scoped provider of task "${task}" could not be made: ${String(cause)}.`,
          'A task has no HTTP request: inject TaskContext instead of REQUEST.',
          { cause },
        );
      });
    return instance[method]?.(...args);
  }
}
