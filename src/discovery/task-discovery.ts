import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { unknownQueue } from '../options.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { CronDefinition } from '../task/cron-definition.js';
import type { CronMetadata } from '../task/cron-metadata.js';
import { instantsOf } from '../task/cron-schedule.js';
import { noPolicy, type PolicyBook } from '../task/policy-book.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { type DeclaredTask, declaredTasks, hasTaskHooks } from '../task/task-metadata.js';
import { assertTaskName } from '../task/task-name.js';
import { assertInjectable } from './constructor-metadata.js';
import { HandlerFactory, type Wrapper } from './handler-factory.js';

/** What the module says of all tasks. */
export interface TaskHome {
  readonly queues: readonly string[];
  readonly defaultQueue: string;
  readonly policies: PolicyBook;
}

/** Finds what the container offers to a worker: decorated methods and hooks. */
@Injectable()
export class TaskDiscovery {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly handlers: HandlerFactory,
  ) {}

  /**
   * One definition for each decorated method of each provider.
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_NAME, INVALID_OPTION, INVALID_CRON, METADATA_MISSING with the class and method that is wrong
   */
  tasks({ queues, defaultQueue, policies }: TaskHome): TaskDefinition[] {
    return this.classProviders().flatMap(({ wrapper, type }) => {
      const declared = declaredTasks(type);
      if (declared.length > 0 || hasTaskHooks(type)) assertInjectable(wrapper, type);
      return declared.map((task) => this.define(wrapper, type, task, { queues, defaultQueue, policies }));
    });
  }

  /** Instances of the providers marked with `@TaskHooks()`. */
  hooks(): TaskHookProvider[] {
    return this.classProviders().flatMap(({ wrapper, type }) => {
      if (!hasTaskHooks(type)) return [];
      if (wrapper.isDependencyTreeStatic()) return [wrapper.instance as TaskHookProvider];
      throw new NestworkError(
        'SCOPE_UNRESOLVED',
        `The @TaskHooks() provider ${type.name} is request-scoped, but hooks live as long as the worker.`,
        'Make it and what it injects singletons, and read TaskContext for what differs from task to task.',
      );
    });
  }

  private define(
    wrapper: Wrapper,
    type: { readonly name: string },
    { method, name, queue: named, policy, broadcast, cron }: DeclaredTask,
    { queues, defaultQueue, policies }: TaskHome,
  ): TaskDefinition {
    const where = `${type.name}.${method} in ${wrapper.host?.name ?? 'an unknown module'}`;
    assertTaskName(name);
    const handler = this.handlers.create(wrapper, method);
    if (broadcast) return { name, queue: BROADCAST_QUEUE, where, broadcast, policyOf: noPolicy, handler };
    if (named !== undefined && !queues.includes(named))
      throw unknownQueue(named, `${cron?.decorator ?? '@Task()'} on ${where}`, queues);
    const queue = named ?? defaultQueue;
    const policyOf = policies.of(policy, queue, `task "${name}" (${where})`);
    return { name, queue, where, policyOf, handler, cron: cron && checked(cron, where) };
  }

  private classProviders(): { wrapper: Wrapper; type: { readonly name: string; readonly prototype: object } }[] {
    return this.discovery.getProviders().flatMap((wrapper) => {
      // an alias (useExisting) would show the same instance twice
      if (wrapper.isAlias) return [];
      const type = classOf(wrapper);
      return type ? [{ wrapper, type }] : [];
    });
  }
}

/** The decorator does not know the module, so what may be wrong with a cron time is looked for here. */
function checked({ decorator, ...cron }: CronMetadata, where: string): CronDefinition {
  instantsOf(cron.schedule, `${decorator} on ${where}`);
  return cron;
}

/** The class of a provider; a factory's product shows it only by its instance. */
function classOf(wrapper: Wrapper): { readonly name: string; readonly prototype: object } | undefined {
  if (wrapper.inject === undefined && typeof wrapper.metatype === 'function' && wrapper.metatype.prototype) {
    return wrapper.metatype;
  }
  const instance: unknown = wrapper.instance;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const type: unknown = instance.constructor;
  return typeof type === 'function' && type !== Object
    ? (type as { name: string; prototype: object } & object)
    : undefined;
}
