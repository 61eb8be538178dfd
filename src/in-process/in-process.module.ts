import { Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Broker } from '../broker/port/broker.js';
import { BROKER, REDIS_REPLACEMENT } from '../broker/port/tokens.js';
import { ofThisCopy } from '../discovery/copies.js';
import { type Find, workerApp } from '../discovery/worker-app.js';
import { isWorkerChild } from '../ipc/child-role.js';
import { commandRole } from '../ipc/command-role.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import type { ResolvedTaskQueueOptions } from '../options/resolve-options.js';
import { inCleanContext } from '../values/clean-context.js';
import type { InProcessWorker } from './in-process-worker.js';

/** Nearer to the root than the root module itself, which has 1. */
const NEAREST = -1;

/**
 * Ties the worker of `inProcess` to the life of the app: it begins after every other bootstrap hook, and is drained
 * before any other hook of the shutdown, while the dependencies of its tasks are still there.
 *
 * Nest goes through the modules from the farthest to the nearest when it starts, and back when it stops, and it sorts
 * them when it calls the first hook, after all constructors.
 */
@Module({})
export class InProcessModule implements OnApplicationBootstrap, OnModuleDestroy {
  private worker: InProcessWorker | undefined;

  constructor(
    private readonly moduleRef: ModuleRef,
    modules: ModulesContainer,
  ) {
    // boundary to Nest: its record of a module has a distance that can be set, which the types of Nest show as well
    for (const module of modules.values()) if (module.metatype === InProcessModule) module.distance = NEAREST;
  }

  async onApplicationBootstrap(): Promise<void> {
    const find: Find = (token) => this.moduleRef.get(token, { strict: false });
    const options = find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS);
    const { inProcess } = options;
    if (!inProcess || isWorkerChild() || commandRole() !== undefined || this.isUnderTest()) return;
    const broker = find<Broker>(BROKER);
    // an app without a worker need not load it
    const { InProcessWorker } = ofThisCopy(await import('./in-process-worker.js'), () =>
      require('./in-process-worker.js'),
    );
    try {
      const worker = new InProcessWorker({ worker: inProcess, app: workerApp(find), sinceMs: broker.madeAtMs });
      this.worker = worker;
      // its tasks do not belong to the async context of the code that starts the app, for example a request context in a
      // test
      await inCleanContext(() => worker.start());
    } catch (error) {
      // Nest runs no shutdown hooks after a failed bootstrap, and a connection that retries keeps the process alive
      await broker.close();
      throw error;
    }
  }

  /** The test runs the tasks then, and there is no Redis for the connections of a worker. */
  private isUnderTest(): boolean {
    try {
      return this.moduleRef.get(REDIS_REPLACEMENT, { strict: false }) !== undefined;
    } catch {
      return false;
    }
  }

  /** Resolves when no task runs any more, or when the wait is over. */
  async onModuleDestroy(): Promise<void> {
    await this.worker?.stop();
  }
}
