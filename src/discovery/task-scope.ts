import { type ContextId, ContextIdFactory, type ModuleRef } from '@nestjs/core';
import type { TaskInfo } from '../task/task-hooks.js';

/**
 * The scope in which the providers of one task are made. A `ContextIdStrategy` of the app is asked as it is for a request,
 * so durable providers are shared by the tasks of one tenant.
 *
 * `REQUEST` injects the TaskInfo. In a durable provider, which outlives the task, it injects the payload of the strategy.
 */
export function openScope(moduleRef: ModuleRef, task: TaskInfo, durable: boolean): ContextId {
  // Nest stores data of a request in its properties, and first checks whether it has some
  const scope = ContextIdFactory.getByRequest(task as TaskInfo & Record<string, unknown>);
  const payload: unknown = scope.payload;
  if (!durable) addPayload(task, payload);
  moduleRef.registerRequestByContextId(durable ? payload : task, scope);
  return scope;
}

/** Nest adds it to a request. Properties of the task itself stay as they are. */
function addPayload(task: TaskInfo, payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return;
  for (const [key, value] of Object.entries(payload)) {
    if (!(key in task)) Reflect.set(task, key, value);
  }
}
