import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import type { Broker } from './broker/broker.js';
import { RedisBroker } from './broker/redis-broker.js';
import { QueueClient } from './client/queue-client.js';
import { HandlerFactory } from './discovery/handler-factory.js';
import { TaskDiscovery } from './discovery/task-discovery.js';
import { NestworkError } from './errors.js';
import { BroadcastLog } from './inspector/broadcast-log.js';
import { CronManager } from './inspector/cron-manager.js';
import { DeadLetters } from './inspector/dead-letters.js';
import { QueueHealth } from './inspector/queue-health.js';
import { type ResolvedTaskQueueOptions, resolveTaskQueueOptions, type TaskQueueOptions } from './options.js';
import { OutageLog } from './outage-log.js';
import { type Clock, systemClock } from './task/clock.js';
import { TaskRegistry } from './task/task-registry.js';
import { isWorkerChild } from './worker/child-role.js';
import { TaskContext } from './worker/task-context.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<TaskQueueOptions>({
  moduleName: 'nestwork',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createTaskQueueOptions')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

/** The options with their defaults, checked. */
export const RESOLVED_OPTIONS = Symbol.for('nestwork:options');

/** The port to Redis, or what stands in for it. */
export const BROKER = Symbol.for('nestwork:broker');

/** By which clock the module counts. */
const CLOCK = Symbol.for('nestwork:clock');

/** What a test may put in the place of Redis; provided by nobody else, see testing/task-queue-testing.module.ts. */
export const STAND_IN = Symbol.for('nestwork:stand-in');

export interface StandIn {
  readonly clock: Clock;
  makeBroker(options: ResolvedTaskQueueOptions): Broker;
}

/** A test imports what stands in as a global module: then it is found here, however the app makes its options. */
const MAYBE_STAND_IN = { token: STAND_IN, optional: true };

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
  imports: [DiscoveryModule],
  providers: [
    { provide: RESOLVED_OPTIONS, useFactory: resolveTaskQueueOptions, inject: [MODULE_OPTIONS_TOKEN] },
    {
      provide: BROKER,
      useFactory: (options: ResolvedTaskQueueOptions, standIn?: StandIn): Broker => {
        if (standIn) return standIn.makeBroker(options);
        // in a worker the supervisor tells of outages, once for all its children
        if (isWorkerChild()) return new RedisBroker(options);
        const log = new OutageLog(new Logger('TaskQueue'));
        return new RedisBroker({ ...options, onOutage: log, onWarning: (warning) => log.warn(warning) });
      },
      inject: [RESOLVED_OPTIONS, MAYBE_STAND_IN],
    },
    { provide: CLOCK, useFactory: (standIn?: StandIn) => standIn?.clock ?? systemClock, inject: [MAYBE_STAND_IN] },
    {
      provide: QueueClient,
      useFactory: (broker: Broker, registry: TaskRegistry, options: ResolvedTaskQueueOptions, clock: Clock) =>
        new QueueClient(broker, registry, { ...options, clock }),
      inject: [BROKER, TaskRegistry, RESOLVED_OPTIONS, CLOCK],
    },
    {
      provide: QueueHealth,
      useFactory: (broker: Broker, { queues }: ResolvedTaskQueueOptions, clock: Clock) =>
        new QueueHealth(broker, queues, clock),
      inject: [BROKER, RESOLVED_OPTIONS, CLOCK],
    },
    {
      provide: CronManager,
      useFactory: (broker: Broker, { queues }: ResolvedTaskQueueOptions, clock: Clock) =>
        new CronManager(broker, queues, clock),
      inject: [BROKER, RESOLVED_OPTIONS, CLOCK],
    },
    {
      provide: DeadLetters,
      useFactory: (broker: Broker, { queues }: ResolvedTaskQueueOptions) => new DeadLetters(broker.deadLetters, queues),
      inject: [BROKER, RESOLVED_OPTIONS],
    },
    {
      provide: BroadcastLog,
      useFactory: (broker: Broker) => new BroadcastLog(broker.broadcasts),
      inject: [BROKER],
    },
    { provide: TaskRegistry, useFactory: () => new TaskRegistry() },
    TaskContext,
    TaskDiscovery,
    HandlerFactory,
  ],
  exports: [BroadcastLog, CronManager, DeadLetters, QueueClient, QueueHealth, TaskContext],
})
export class TaskQueueModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedTaskQueueOptions,
    private readonly modules: ModulesContainer,
    private readonly discovery: TaskDiscovery,
    private readonly registry: TaskRegistry,
    @Inject(BROKER) private readonly broker: Broker,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.refuseSecondModule();
    for (const task of this.discovery.tasks(this.options)) this.registry.add(task);
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
