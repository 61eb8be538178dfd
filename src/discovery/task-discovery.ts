import { Injectable } from '@nestjs/common';
import { DiscoveryService, ModulesContainer } from '@nestjs/core';
import type { CronSelection } from '../cron/cron-selection.js';
import { PLAIN, type ResolvedPayload, sealsData } from '../payload/payload-options.js';
import { noPolicy, type PolicyBook } from '../policy/policy-book.js';
import { secondsToKeep } from '../policy/result-time.js';
import { startRules } from '../policy/start-options.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { TaskDefinition } from '../task/task-definition.js';
import type { TaskHookProvider, WrapSend } from '../task/task-hooks.js';
import { assertTasksKept, type DeclaredTask, declaredTasks, hasTaskHooks, isOutermost } from '../task/task-metadata.js';
import { once } from '../values/once.js';
import { unknownQueue } from '../values/queue-names.js';
import { assertTaskName } from '../values/task-name.js';
import { read } from '../values/thrown.js';
import { assertInjectable } from './constructor-metadata.js';
import { CronSettingsProviders } from './cron-settings.js';
import type { TaskType } from './declared-enhancers.js';
import { assertEnhancersKept } from './enhancer-checks.js';
import { HandlerFactory } from './handler-factory.js';
import { assertHooksKept, hooksOf } from './hook-provider.js';
import { assertNoneMisplaced, type Bystander } from './misplaced-tasks.js';
import { PayloadChecks } from './payload-checks.js';
import { type ReplacedClass, replacedClasses } from './replaced-classes.js';
import { assertCrons, cronsOf } from './task-crons.js';
import type { Wrapper } from './wrapper.js';

/** The settings of the module for all tasks. */
export interface TaskHome {
  readonly queues: readonly string[];
  readonly defaultQueue: string;
  readonly policies: PolicyBook;
  /** which of its crons this process fires; all by default */
  readonly crons?: CronSelection;
  /** the release of the app, for crons that heed it */
  readonly release: () => string;
  /** how what its tasks carry lies in Redis; plain by default */
  readonly payload?: ResolvedPayload;
}

/** Finds the decorated methods and hooks in the container. */
@Injectable()
export class TaskDiscovery {
  private readonly known = new WeakSet<Wrapper>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModulesContainer,
    private readonly handlers: HandlerFactory,
    private readonly checks: PayloadChecks,
    private readonly cronSettings: CronSettingsProviders,
  ) {}

  /**
   * One definition for each decorated method of each provider.
   *
   * @throws NestworkError UNKNOWN_QUEUE, INVALID_NAME, INVALID_OPTION, INVALID_CRON, DUPLICATE_CRON, INVALID_LIMIT_KEY, ENHANCER_UNRESOLVED, METADATA_MISSING,
   * DECORATOR_LOST, TASK_CLASS_NOT_PROVIDED
   * with the class and method that is wrong
   */
  tasks(home: TaskHome): TaskDefinition[] {
    const providers = this.classProviders();
    assertNoneMisplaced(
      this.bystanders(),
      new Set<object>([...providers.map(({ type }) => type), ...this.classTokens()]),
    );
    const tasks = providers.flatMap(({ wrapper, type }) => {
      this.known.add(wrapper);
      this.checks.provided(type, wrapper);
      assertTasksKept(type);
      assertHooksKept(type);
      const declared = declaredTasks(type);
      if (declared.length > 0) assertEnhancersKept(type);
      if (declared.length > 0 || hasTaskHooks(type)) assertInjectable(wrapper, type);
      return declared.map((task) => this.define(wrapper, type, task, home));
    });
    assertCrons(tasks, home.crons ?? true);
    return tasks;
  }

  /** Task classes that a provider replaces by another value. */
  replaced(): ReplacedClass[] {
    return replacedClasses(this.discovery.getProviders(), classOf);
  }

  /** Names of classes with tasks or hooks that did not exist when `tasks` ran; each is returned once. */
  late(): string[] {
    return this.classProviders().flatMap(({ wrapper, type }) => {
      if (this.known.has(wrapper)) return [];
      this.known.add(wrapper);
      const tasks = declaredTasks(type).map(({ method }) => `the task ${type.name}.${method}`);
      return hasTaskHooks(type) ? [...tasks, `the hooks of ${type.name}`] : tasks;
    });
  }

  /**
   * Instances of the providers marked with `@TaskHooks()`.
   *
   * @throws NestworkError SCOPE_UNRESOLVED, INVALID_OPTION
   */
  hooks(): TaskHookProvider[] {
    return this.hookProviders().map(({ wrapper, type }) => hooksOf(wrapper, type.name));
  }

  /** Instances of those that wrap what the app sends. */
  sendWrappers(): WrapSend[] {
    return this.hookProviders().flatMap(({ wrapper, type }) => {
      // a property that holds an arrow function is on the instance alone
      const wraps = 'wrapSend' in type.prototype || typeof read(wrapper.instance, 'wrapSend') === 'function';
      return wraps ? [hooksOf(wrapper, type.name) as WrapSend] : [];
    });
  }

  /** In the order in which they are called. */
  private hookProviders(): { wrapper: Wrapper; type: TaskType }[] {
    const all = this.classProviders().filter(({ type }) => hasTaskHooks(type));
    return [...all.filter(({ type }) => isOutermost(type)), ...all.filter(({ type }) => !isOutermost(type))];
  }

  private define(
    wrapper: Wrapper,
    type: TaskType,
    {
      method,
      name,
      queue: named,
      keepDone,
      result: kept,
      encrypt,
      decorator,
      policy,
      broadcast,
      afterStart,
      crons: schedules,
      start: given,
    }: DeclaredTask,
    { queues, defaultQueue, policies, crons = true, release, payload = PLAIN }: TaskHome,
  ): TaskDefinition {
    const module = wrapper.host?.name ?? 'an unknown module';
    const where = `${type.name}.${method} in ${module}`;
    const origin = { type, method, module, decorator };
    assertTaskName(name, `${decorator} on ${where}`);
    const handler = this.handlers.create(wrapper, type, method);
    const check = once(() => this.checks.of(type, method, name));
    const sealed = sealsData(encrypt, payload, `${decorator} on ${where}`) || undefined;
    if (broadcast) {
      const own = { name, queue: BROADCAST_QUEUE, where, origin, broadcast, afterStart };
      return { ...own, policyOf: noPolicy, handler, check, sealed };
    }
    if (named !== undefined && !queues.includes(named)) throw unknownQueue(named, `${decorator} on ${where}`, queues);
    const queue = named ?? defaultQueue;
    const policyOf = policies.of(policy, queue, `task "${name}" (${where})`);
    const result = kept === undefined ? undefined : secondsToKeep(kept, `result of ${decorator} on ${where}`);
    const start = startRules(given, `${decorator} on ${type.name}.${method}`);
    const own = { name, queue, where, origin, policyOf, handler, check, keepDone, result, sealed, start };
    const its = cronsOf(schedules, own, { selection: crons, settings: this.cronSettings, release, payload });
    return its.length > 0 ? { ...own, crons: its } : own;
  }

  private *bystanders(): Generator<Bystander> {
    for (const wrapper of this.discovery.getControllers()) yield { wrapper, kind: 'a controller' };
    for (const { injectables } of this.modules.values()) {
      for (const wrapper of injectables.values()) yield { wrapper, kind: 'an enhancer' };
    }
  }

  private classTokens(): object[] {
    return this.discovery.getProviders().flatMap(({ token }) => (typeof token === 'function' ? [token] : []));
  }

  private classProviders(): { wrapper: Wrapper; type: TaskType }[] {
    const providers = this.discovery.getProviders().flatMap((wrapper) => {
      // an alias (useExisting) would show the same instance twice
      if (wrapper.isAlias) return [];
      const type = classOf(wrapper);
      return type ? [{ wrapper, type }] : [];
    });
    // the same is true of a factory or a value that returns the instance of another provider
    const made = new Set(providers.flatMap(({ wrapper }) => (wrapper.isNotMetatype ? [] : [wrapper.instance])));
    return providers.filter(({ wrapper }) => {
      const { instance, isNotMetatype } = wrapper;
      if (!isNotMetatype || !instance) return true;
      return !made.has(instance) && made.add(instance);
    });
  }
}

/** The class of a provider. A factory's product shows it by its instance, or by its token if it is made for each task. */
function classOf(wrapper: Wrapper): TaskType | undefined {
  if (wrapper.inject === undefined && typeof wrapper.metatype === 'function' && wrapper.metatype.prototype) {
    return wrapper.metatype;
  }
  const instance: unknown = wrapper.instance;
  if (typeof instance !== 'object' || instance === null) {
    const forEachTask = wrapper.isTransient || !wrapper.isDependencyTreeStatic();
    return forEachTask && isClass(wrapper.token) ? wrapper.token : undefined;
  }
  const type: unknown = instance.constructor;
  return isClass(type) && type !== Object ? type : undefined;
}

function isClass(value: unknown): value is TaskType & object {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
