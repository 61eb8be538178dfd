import type { Type } from '@nestjs/common';
import type { CatalogEntry } from '../broker/port/broker.js';
import type { AppSettings } from '../ipc/ipc-protocol.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { declaredLimits } from '../policy/limit-declarations.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { TaskRegistry } from '../task/task-registry.js';
import { WaitWatch } from '../worker/wait-watch.js';
import { explained } from './copies.js';
import { TaskDiscovery } from './task-discovery.js';

/** Finds a provider anywhere in the app. */
export type Find = <T>(token: Type<T> | symbol) => T;

/** The parts of a booted app that a worker needs. */
export interface WorkerApp {
  readonly settings: AppSettings;
  readonly catalog: readonly CatalogEntry[];
  readonly registry: TaskRegistry;
  readonly hooks: readonly TaskHookProvider[];
  readonly waits: WaitWatch;
  /** how what tasks carry lies in Redis */
  readonly payloads: PayloadCodec;
}

/** @throws Nest's error when the app does not import TaskQueueModule */
export function workerApp(find: Find): WorkerApp {
  const registry = asked(find, TaskRegistry);
  const options = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
  const { redis, namespace, commandTimeoutMs, queues, deadRetentionMs, maxDead, queueLimits } = options;
  const limits = declaredLimits(registry.all(), queueLimits);
  return {
    settings: { redis, namespace, commandTimeoutMs, queues, deadRetentionMs, maxDead, limits },
    catalog: registry.catalog(),
    registry,
    hooks: find(TaskDiscovery).hooks(),
    waits: find(WaitWatch),
    payloads: options.payload.codec,
  };
}

/** A provider of this name is there, but often of another copy of the package. */
function asked<T>(find: Find, token: Type<T>): T {
  try {
    return find(token);
  } catch (error) {
    throw explained(error);
  }
}
