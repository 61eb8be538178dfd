import { Injectable } from '@nestjs/common';
import { type ContextId, ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import type { TaskHandler } from '../task/task-definition.js';
import type { TaskInfo } from '../task/task-hooks.js';
import { errorText } from '../values/error-text.js';
import { printable } from '../values/printable.js';
import { isEnhanced, type TaskType } from './declared-enhancers.js';
import { EnhancedMethod } from './enhanced-method.js';
import { assertEnhancers } from './enhancer-checks.js';
import { GlobalEnhancers } from './global-enhancers.js';
import { openScope } from './task-scope.js';
import type { Wrapper } from './wrapper.js';

type Method = (...args: unknown[]) => unknown;

/**
 * Binds a decorated method to its instance: the singleton, or one made for each task; with the enhancers that it has. It
 * decides here, once, which of these a handler needs, so that a handler without enhancers and scopes is called directly.
 */
@Injectable()
export class HandlerFactory {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly globals: GlobalEnhancers,
  ) {}

  /** @throws NestworkError ENHANCER_UNRESOLVED */
  create(wrapper: Wrapper, type: TaskType, method: string): TaskHandler {
    const enhanced = isEnhanced(type, method);
    if (enhanced) assertEnhancers(wrapper, type, method);
    if (!this.globals.wanted) return enhanced ? this.enhanced(wrapper, type, method) : this.plain(wrapper, method);
    // an app may still call useGlobalInterceptors() and the like before its first task
    let handler: TaskHandler | undefined;
    return (args, task) => {
      handler ??= enhanced || this.globals.present ? this.enhanced(wrapper, type, method) : this.plain(wrapper, method);
      return handler(args, task);
    };
  }

  private plain(wrapper: Wrapper, method: string): TaskHandler {
    if (isSingleton(wrapper)) return (args) => call(wrapper.instance, method, args);
    return async (args, task) => {
      const scope = this.scopeOf(wrapper, task);
      return call(await this.instanceIn(scope, wrapper, task), method, args);
    };
  }

  private enhanced(wrapper: Wrapper, type: TaskType, method: string): TaskHandler {
    const enhanced = new EnhancedMethod(wrapper, type, method, this.globals);
    if (isSingleton(wrapper) && !this.globals.areScoped) return enhanced.bind({ instance: wrapper.instance });
    return async (args, task) => {
      const scope = this.scopeOf(wrapper, task);
      const instance = isSingleton(wrapper) ? wrapper.instance : await this.instanceIn(scope, wrapper, task);
      const scopedGlobals = await this.globals
        .make(this.moduleRef, scope)
        .catch((cause: unknown) => throwUnresolved(`A global enhancer for task "${task.name}"`, cause));
      return enhanced.bind({ instance, scope, scopedGlobals })(args, task);
    };
  }

  private scopeOf(wrapper: Wrapper, task: TaskInfo): ContextId {
    try {
      return openScope(this.moduleRef, task, wrapper.isDependencyTreeDurable());
    } catch (cause) {
      // the strategy of the app, which may be made for requests alone
      return throwUnresolved(`The scope of task "${task.name}"`, cause);
    }
  }

  /** A request-scoped class gets its instance, and all that it injects, for one task alone. */
  private instanceIn(scope: ContextId, wrapper: Wrapper, task: TaskInfo): Promise<object> {
    // of its own module: another one may use the same token for another class
    const moduleRef = (wrapper.host?.getProviderByKey(ModuleRef)?.instance as ModuleRef | undefined) ?? this.moduleRef;
    return moduleRef
      .resolve<object>(wrapper.token as string, scope)
      .catch((cause: unknown) => throwUnresolved(`The request-scoped provider of task "${task.name}"`, cause));
  }
}

function isSingleton(wrapper: Wrapper): boolean {
  return wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
}

function throwUnresolved(what: string, cause: unknown): never {
  throw new NestworkError(
    'SCOPE_UNRESOLVED',
    `${what} could not be made: ${printable(errorText(cause), 500)}.`,
    'A task has no HTTP request: its providers must work without one, and REQUEST injects the TaskInfo.',
    { cause },
  );
}

/** Throws where the method is missing: a task that did nothing must not count as done. */
function call(instance: object, method: string, args: unknown[]): unknown {
  return Reflect.apply(Reflect.get(instance, method) as Method, instance, args);
}
