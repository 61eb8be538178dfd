import 'reflect-metadata';
import { NestworkError } from '../errors.js';
import { BROADCAST_QUEUE, type BroadcastScope } from './broadcast.js';
import { type CronMetadata, cronMetadataOf } from './cron-metadata.js';
import type { PolicyOptions } from './policy-options.js';

/** A fixed string, so that two copies of the package in one app see each other's decorators. */
const TASK_METADATA = 'nestwork:task';

/** What `@TaskHooks` writes onto a class. */
const TASK_HOOKS_METADATA = 'nestwork:task-hooks';

/** What `@Task` or `@Broadcast` writes onto a method. */
export interface TaskMetadata extends PolicyOptions {
  readonly name?: string;
  readonly queue?: string;
  /** `Class.method` of the class that declares the method */
  readonly declaredAs: string;
  /** the class that declares the method */
  readonly declaredIn: object;
  /** where it runs, if it is a broadcast */
  readonly broadcast?: BroadcastScope;
}

/** A decorated method of a class, its own or inherited. */
export interface DeclaredTask {
  readonly method: string;
  /** the given name, or `Class.method` of the class asked about */
  readonly name: string;
  readonly queue: string | undefined;
  /** where it runs, if it is a broadcast */
  readonly broadcast: BroadcastScope | undefined;
  readonly policy: PolicyOptions;
  /** when it is run by itself, if it is */
  readonly cron: CronMetadata | undefined;
}

/** @throws NestworkError INVALID_OPTION when the method is to be both, a task and a broadcast */
export function setTaskMetadata(method: object, metadata: TaskMetadata): void {
  const other = taskMetadataOf(method);
  if (other && (other.broadcast === undefined) !== (metadata.broadcast === undefined)) {
    throw new NestworkError(
      'INVALID_OPTION',
      `${metadata.declaredAs} has both @Task() and @Broadcast().`,
      'Keep one of them, and let a second method call the first if you need both.',
    );
  }
  Reflect.defineMetadata(TASK_METADATA, metadata, method);
}

export function setTaskHooks(type: object): void {
  Reflect.defineMetadata(TASK_HOOKS_METADATA, true, type);
}

export function taskMetadataOf(method: unknown): TaskMetadata | undefined {
  return typeof method === 'function' ? Reflect.getOwnMetadata(TASK_METADATA, method) : undefined;
}

/** The decorated methods of a class and its ancestors; an override without the decorator hides the task. */
export function declaredTasks(type: { readonly name: string; readonly prototype: object }): DeclaredTask[] {
  return [...methods(type.prototype)].flatMap(([method, decorated]) => {
    const metadata = taskMetadataOf(decorated);
    if (!metadata) return [];
    const { name = `${type.name}.${method}`, queue: named, broadcast, declaredAs, declaredIn, ...policy } = metadata;
    const queue = broadcast ? BROADCAST_QUEUE : named;
    return [{ method, name, queue, broadcast, policy, cron: cronMetadataOf(decorated) }];
  });
}

/** Names of all methods, own and inherited; accessors are left alone because reading one runs it. */
export function methodNames(prototype: object): string[] {
  return [...methods(prototype).keys()];
}

/** By name; what is nearest counts, also an accessor that hides a method. */
function methods(prototype: object): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (let at: object | null = prototype; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== 'constructor' && !found.has(name)) found.set(name, property.value);
    }
  }
  for (const [name, value] of found) if (typeof value !== 'function') found.delete(name);
  return found;
}

/** Whether instances of the class listen to what happens to tasks. */
export function hasTaskHooks(type: object): boolean {
  return Reflect.getOwnMetadata(TASK_HOOKS_METADATA, type) === true;
}
