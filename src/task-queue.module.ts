import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { RedisBroker } from './broker/redis-broker.js';
import { QueueClient } from './client/queue-client.js';
import { GlobalEnhancers } from './discovery/global-enhancers.js';
import { HandlerFactory } from './discovery/handler-factory.js';
import { LazyModules } from './discovery/lazy-modules.js';
import { PayloadChecks } from './discovery/payload-checks.js';
import { TaskDiscovery } from './discovery/task-discovery.js';
import { NestworkError } from './errors.js';
import { InProcessModule } from './in-process.module.js';
import { BroadcastLog } from './inspector/broadcast-log.js';
import { CronManager } from './inspector/cron-manager.js';
import { DeadLetters } from './inspector/dead-letters.js';
import { TaskHealthIndicator } from './inspector/health-indicator.js';
import { QueueHealth } from './inspector/queue-health.js';
import {
  RESOLVED_OPTIONS,
  type ResolvedTaskQueueOptions,
  resolveTaskQueueOptions,
  type TaskQueueOptions,
} from './options.js';
import { OutageLog } from './outage-log.js';
import { TaskRegistry } from './task/task-registry.js';
import { isWorkerChild } from './worker/child-role.js';
import { runningTask, TaskContext } from './worker/task-context.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<TaskQueueOptions>({
  moduleName: 'nestwork',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createTaskQueueOptions')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

export { RESOLVED_OPTIONS };

/**
 * Makes `QueueClient` and `TaskContext` injectable in the whole app, and finds its tasks. Imported once.
 *
 * @example
 * TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['critical', 'default', 'bulk'] })
 * @example
 * TaskQueueModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ redis: config.getOrThrow('REDIS_URL') }),
 * })
 */
@Module({
  imports: [DiscoveryModule, InProcessModule],
  providers: [
    { provide: RESOLVED_OPTIONS, useFactory: resolveTaskQueueOptions, inject: [MODULE_OPTIONS_TOKEN] },
    {
      provide: RedisBroker,
      useFactory: (options: ResolvedTaskQueueOptions) => {
        // in a worker the supervisor tells of outages, once for all its children
        if (isWorkerChild()) return new RedisBroker(options);
        const log = new OutageLog(new Logger('TaskQueue'));
        return new RedisBroker({ ...options, onOutage: log, onWarning: (warning) => log.warn(warning) });
      },
      inject: [RESOLVED_OPTIONS],
    },
    {
      provide: QueueClient,
      useFactory: (
        broker: RedisBroker,
        registry: TaskRegistry,
        options: ResolvedTaskQueueOptions,
        checks: PayloadChecks,
      ) => new QueueClient(broker, registry, withinTask(options), checks),
      inject: [RedisBroker, TaskRegistry, RESOLVED_OPTIONS, PayloadChecks],
    },
    {
      provide: QueueHealth,
      useFactory: (broker: RedisBroker, { queues }: ResolvedTaskQueueOptions) => new QueueHealth(broker, queues),
      inject: [RedisBroker, RESOLVED_OPTIONS],
    },
    {
      provide: TaskHealthIndicator,
      useFactory: (health: QueueHealth) => new TaskHealthIndicator(health),
      inject: [QueueHealth],
    },
    {
      provide: CronManager,
      useFactory: (broker: RedisBroker, { queues }: ResolvedTaskQueueOptions) => new CronManager(broker, queues),
      inject: [RedisBroker, RESOLVED_OPTIONS],
    },
    {
      provide: DeadLetters,
      useFactory: (broker: RedisBroker, { queues }: ResolvedTaskQueueOptions) =>
        new DeadLetters(broker.deadLetters, queues),
      inject: [RedisBroker, RESOLVED_OPTIONS],
    },
    {
      provide: BroadcastLog,
      useFactory: (broker: RedisBroker) => new BroadcastLog(broker.broadcasts),
      inject: [RedisBroker],
    },
    { provide: TaskRegistry, useFactory: () => new TaskRegistry() },
    {
      provide: GlobalEnhancers,
      useFactory: (app: ApplicationConfig, { globalEnhancers }: ResolvedTaskQueueOptions) =>
        new GlobalEnhancers(app, globalEnhancers),
      inject: [ApplicationConfig, RESOLVED_OPTIONS],
    },
    TaskContext,
    TaskDiscovery,
    HandlerFactory,
    PayloadChecks,
    LazyModules,
  ],
  exports: [BroadcastLog, CronManager, DeadLetters, QueueClient, QueueHealth, TaskContext, TaskHealthIndicator],
})
export class TaskQueueModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedTaskQueueOptions,
    private readonly modules: ModulesContainer,
    private readonly discovery: TaskDiscovery,
    private readonly registry: TaskRegistry,
    private readonly broker: RedisBroker,
    private readonly lazyModules: LazyModules,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.refuseSecondModule();
    for (const task of this.discovery.tasks(this.options)) this.registry.add(task);
    this.lazyModules.watch();
    await this.broker.connect().catch(async (error: unknown) => {
      // Nest runs no shutdown hooks after a failed init, and a connection that retries keeps the process alive
      await this.broker.close();
      throw error;
    });
  }

  /** The last hook, so that the shutdown hooks of the app can still enqueue. */
  async onApplicationShutdown(): Promise<void> {
    await this.broker.close();
  }

  /** Each `forRoot()` is a module instance of its own since Nest 11: every task would be found twice. */
  private refuseSecondModule(): void {
    const importers = [...this.modules.values()].filter((module) => module.metatype === TaskQueueModule);
    if (importers.length < 2) return;
    throw new NestworkError(
      'DUPLICATE_MODULE',
      `TaskQueueModule.forRoot() is imported ${importers.length} times.`,
      'Import it once, in the root module; QueueClient is then injectable everywhere.',
    );
  }
}

/** The client does not know tasks that run; `propagate` is told of the one within which it is asked. */
function withinTask({ propagate, ...options }: ResolvedTaskQueueOptions) {
  return { ...options, propagate: propagate && (() => propagate(runningTask.getStore())) };
}
