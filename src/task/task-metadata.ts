import 'reflect-metadata';
import { type CronMetadata, cronMetadataOf } from '../cron/cron-metadata.js';
import { NestworkError } from '../errors.js';
import type { PolicyOptions } from '../policy/policy-options.js';
import type { StartOptions } from '../policy/start-options.js';
import type { Duration } from '../values/duration.js';
import { BROADCAST_QUEUE, type BroadcastScope } from './broadcast.js';
import { combined } from './combined-metadata.js';
import { decoratedMethods, noteDecorator } from './decorated-methods.js';
import type { AfterStart } from './task-definition.js';

/** A fixed string, so that two copies of the package in one app see each other's decorators. */
const TASK_METADATA = 'nestwork:task';

/** What `@TaskHooks` writes onto a class. */
const TASK_HOOKS_METADATA = 'nestwork:task-hooks';
const OUTERMOST_METADATA = 'nestwork:outermost-hooks';

/** What `@Task` or `@Broadcast` writes onto a method. */
export interface TaskMetadata extends PolicyOptions, StartOptions {
  readonly name?: string;
  readonly queue?: string;
  readonly keepDone?: number;
  readonly result?: Duration;
  readonly encrypt?: boolean | undefined;
  /** as it was written: '@Task()'; an older copy of the package writes none */
  readonly decorator?: string;
  /** `Class.method` of the class that declares the method */
  readonly declaredAs: string;
  /** the class that declares the method */
  readonly declaredIn: object;
  /** where it runs, if it is a broadcast */
  readonly broadcast?: BroadcastScope;
  /** of a broadcast that each child runs by itself */
  readonly afterStart?: AfterStart | undefined;
}

/** A decorated method of a class, its own or inherited. */
export interface DeclaredTask {
  readonly method: string;
  /** the given name, or `Class.method` of the class asked about */
  readonly name: string;
  readonly queue: string | undefined;
  /** how many of its done tasks are kept */
  readonly keepDone: number | undefined;
  /** for how long its results are kept */
  readonly result: Duration | undefined;
  /** whether what its tasks carry is sealed; the module says it by default */
  readonly encrypt: boolean | undefined;
  /** as it was written: '@Task()' */
  readonly decorator: string;
  /** the class that declares the method */
  readonly declaredIn: object;
  /** where it runs, if it is a broadcast */
  readonly broadcast: BroadcastScope | undefined;
  /** of a broadcast that each child runs by itself */
  readonly afterStart: AfterStart | undefined;
  readonly policy: PolicyOptions;
  /** its limits, its priority, and whose turn it is */
  readonly start: StartOptions;
  /** when it is run by itself, if it is */
  readonly crons: readonly CronMetadata[];
}

/**
 * Makes a method a task, or adds to what makes it one.
 *
 * @throws NestworkError INVALID_OPTION when another decorator has made it one, and both cannot stand together; DECORATOR_LOST
 */
export function setTaskMetadata(method: object, metadata: TaskMetadata): void {
  const { decorator = '@Task()', declaredAs, declaredIn } = metadata;
  const [, name = ''] = declaredAs.split('.');
  const noted = noteDecorator(Reflect.get(declaredIn, 'prototype') as object, name, decorator);
  const former = taskMetadataOf(method);
  if (noted !== undefined && !former) throw lost(declaredAs, noted);
  Reflect.defineMetadata(TASK_METADATA, former ? combined(former, metadata) : metadata, method);
}

export function setTaskHooks(type: object): void {
  Reflect.defineMetadata(TASK_HOOKS_METADATA, true, type);
}

/** Marks hooks that come before all others, so that their wrappers run around those of the app. */
export function setOutermostHooks(type: object): void {
  setTaskHooks(type);
  Reflect.defineMetadata(OUTERMOST_METADATA, true, type);
}

export function isOutermost(type: object): boolean {
  return Reflect.getOwnMetadata(OUTERMOST_METADATA, type) === true;
}

export function taskMetadataOf(method: unknown): TaskMetadata | undefined {
  return typeof method === 'function' ? Reflect.getOwnMetadata(TASK_METADATA, method) : undefined;
}

/** The decorated methods of a class and its ancestors; an override without the decorator hides the task. */
export function declaredTasks(type: { readonly name: string; readonly prototype: object }): DeclaredTask[] {
  return [...nearest(type.prototype)].flatMap(([method, decorated]) => {
    const metadata = taskMetadataOf(decorated);
    if (!metadata) return [];
    const {
      name = `${type.name}.${method}`,
      queue: named,
      broadcast,
      afterStart,
      declaredAs,
      declaredIn,
      ...rest
    } = metadata;
    const { decorator = '@Task()', keepDone, result, encrypt, limits, fair, priority, age, ...policy } = rest;
    const start = { limits, fair, priority, age };
    const queue = broadcast ? BROADCAST_QUEUE : named;
    return [
      {
        ...{
          method,
          name,
          queue,
          keepDone,
          result,
          encrypt,
          decorator,
          declaredIn,
          broadcast,
          afterStart,
          policy,
          start,
        },
        crons: cronMetadataOf(decorated),
      },
    ];
  });
}

/**
 * Refuses a class of which another decorator has replaced a decorated method.
 *
 * @throws NestworkError DECORATOR_LOST; INVALID_OPTION for `@Payload()` in a method that is no task
 */
export function assertTasksKept(type: { readonly prototype: object }): void {
  for (const { declaredAs, decorator, current } of decoratedMethods(type.prototype)) {
    if (taskMetadataOf(current)) continue;
    throw decorator === undefined ? payloadOfNoTask(declaredAs) : lost(declaredAs, decorator);
  }
}

function lost(declaredAs: string, decorator: string): NestworkError {
  const [type = '', method = ''] = declaredAs.split('.');
  return new NestworkError(
    'DECORATOR_LOST',
    `${decorator} on ${declaredAs} has no effect: something replaced the method afterwards, and what ${decorator} wrote on it is lost.`,
    [
      `Write ${decorator} above every other decorator of the method: the topmost one is applied last.`,
      'A decorator of the class that replaces its methods must copy their metadata: Reflect.getMetadataKeys(method).',
      `A spy must not replace it before the app has started: spy on the instance, jest.spyOn(app.get(${type}), '${method}').`,
    ],
  );
}

function payloadOfNoTask(declaredAs: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `@Payload() in ${declaredAs} has no effect: the method is not a task.`, [
    'Decorate the method with @Task().',
    'For a message handler import Payload from @nestjs/microservices, not from nestwork.',
  ]);
}

/** Names of all methods and accessors, own and inherited, and whether it is a method; no accessor is run. */
export function members(prototype: object): Map<string, boolean> {
  return new Map([...nearest(prototype)].map(([name, value]) => [name, typeof value === 'function']));
}

/** By name; what is nearest counts, also an accessor that hides a method. Its value is undefined: reading one runs it. */
function nearest(prototype: object): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (let at: object | null = prototype; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== 'constructor' && !found.has(name)) found.set(name, property.value);
    }
  }
  return found;
}

/** Whether instances of the class listen to what happens to tasks. */
export function hasTaskHooks(type: object): boolean {
  return Reflect.getOwnMetadata(TASK_HOOKS_METADATA, type) === true;
}
