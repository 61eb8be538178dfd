import {
  type ConfigurableModuleAsyncOptions,
  ConfigurableModuleBuilder,
  type DynamicModule,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, ModulesContainer } from '@nestjs/core';
import type { AppBroker, InspectorBroker } from '../broker/port/broker.js';
import { BROKER, REDIS_REPLACEMENT, type RedisReplacement } from '../broker/port/tokens.js';
import { OutageLog } from '../broker/redis/outage-log.js';
import { RedisBroker } from '../broker/redis-broker.js';
import { QueueClient } from '../client/queue-client.js';
import { SendWrappers } from '../client/send-wrappers.js';
import { noteCopy, useCopy } from '../discovery/copies.js';
import { CronSettingsProviders } from '../discovery/cron-settings.js';
import { GlobalEnhancers } from '../discovery/global-enhancers.js';
import { HandlerFactory } from '../discovery/handler-factory.js';
import { LazyModules } from '../discovery/lazy-modules.js';
import { warningOfMinifiedNames } from '../discovery/minified-names.js';
import { PayloadChecks } from '../discovery/payload-checks.js';
import { warningOf } from '../discovery/replaced-classes.js';
import { TaskDiscovery } from '../discovery/task-discovery.js';
import { NestworkError } from '../errors.js';
import { InProcessModule } from '../in-process/in-process.module.js';
import { BroadcastLog } from '../inspector/broadcast-log.js';
import { CronManager } from '../inspector/cron-manager.js';
import { DeadLetters } from '../inspector/dead-letters.js';
import { TaskHealthIndicator } from '../inspector/health-indicator.js';
import { Inspector } from '../inspector/inspector.js';
import { MetricsReader } from '../inspector/metrics/metrics-reader.js';
import { QueueHealth } from '../inspector/queue-health.js';
import { KnownQueues } from '../inspector/queues/known-queues.js';
import { isWorkerChild } from '../ipc/child-role.js';
import { RESOLVED_OPTIONS, type TaskQueueOptions } from '../options/options.js';
import { type ResolvedTaskQueueOptions, resolveTaskQueueOptions } from '../options/resolve-options.js';
import { InboxTable } from '../outbox/inbox/inbox-table.js';
import { Outbox } from '../outbox/outbox.js';
import { OutboxTable } from '../outbox/outbox-table.js';
import { Transactions } from '../outbox/transactions.js';
import { declaredLimits } from '../policy/limit-declarations.js';
import { TaskRegistry } from '../task/task-registry.js';
import { CLOCK, type Clock, systemClock } from '../values/clock.js';
import { once } from '../values/once.js';
import { read } from '../values/thrown.js';
import { Inbox } from '../worker/inbox.js';
import { runningTask, TaskContext } from '../worker/task-context.js';
import { WaitWatch } from '../worker/wait-watch.js';
import { notedAppFile } from './app-file.js';
import { appRelease } from './app-release.js';
import { InboxService } from './inbox-service.js';
import { OutboxRelayService } from './outbox-relay-service.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<TaskQueueOptions>({
  moduleName: 'nestwork',
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createTaskQueueOptions')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

noteCopy();

export { RESOLVED_OPTIONS };

/** A test imports its replacements in a global module: so they are found here, however the app makes its options. */
const MAYBE_REPLACED = { token: REDIS_REPLACEMENT, optional: true };

/** The providers that the module exports. */
export const EXPORTED = [
  BroadcastLog,
  CronManager,
  DeadLetters,
  Inbox,
  Inspector,
  MetricsReader,
  Outbox,
  QueueClient,
  QueueHealth,
  TaskContext,
  TaskHealthIndicator,
] as const;

/** A second token for each of them, which only this module provides: a test module exports them. */
export const OWN: ReadonlyMap<object, symbol> = new Map(EXPORTED.map((type) => [type, Symbol(type.name)]));

/**
 * Makes `QueueClient` and `TaskContext` injectable in the whole app, and finds its tasks. Imported once.
 *
 * @example
 * TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['critical', 'default', 'bulk'] })
 * @example
 * TaskQueueModule.forRootAsync({
 *   imports: [SettingsModule],
 *   inject: [Settings],
 *   useFactory: (settings: Settings) => ({ redis: settings.redisUrl }),
 * })
 */
@Module({
  imports: [DiscoveryModule, InProcessModule],
  providers: [
    {
      provide: RESOLVED_OPTIONS,
      useFactory: (options?: TaskQueueOptions) => {
        if (options === undefined) throw withoutOptions();
        return resolveTaskQueueOptions(options);
      },
      inject: [{ token: MODULE_OPTIONS_TOKEN, optional: true }],
    },
    {
      provide: BROKER,
      useFactory: (options: ResolvedTaskQueueOptions, replacement?: RedisReplacement): AppBroker => {
        if (replacement) return replacement.makeBroker(options.queues);
        // in a worker the supervisor logs outages, once for all its children
        if (isWorkerChild()) return new RedisBroker(options);
        const log = new OutageLog(new Logger('TaskQueue'));
        return new RedisBroker({ ...options, onOutage: log, onWarning: (warning) => log.warn(warning) });
      },
      inject: [RESOLVED_OPTIONS, MAYBE_REPLACED],
    },
    {
      provide: CLOCK,
      useFactory: (replacement?: RedisReplacement) => replacement?.clock ?? systemClock,
      inject: [MAYBE_REPLACED],
    },
    {
      provide: QueueClient,
      useFactory: (
        broker: AppBroker,
        registry: TaskRegistry,
        options: ResolvedTaskQueueOptions,
        checks: PayloadChecks,
        clock: Clock,
        wrappers: SendWrappers,
        waits: WaitWatch,
        transactions?: Transactions,
        replacement?: RedisReplacement,
      ) =>
        new QueueClient(
          broker,
          registry,
          { ...withinTask(options), clock, wrappers, transactions, onWait: waits.begin, ...replacement?.leniency },
          checks,
        ),
      inject: [
        BROKER,
        TaskRegistry,
        RESOLVED_OPTIONS,
        PayloadChecks,
        CLOCK,
        SendWrappers,
        WaitWatch,
        Transactions,
        MAYBE_REPLACED,
      ],
    },
    {
      provide: QueueHealth,
      useFactory: (
        broker: InspectorBroker,
        { queues }: ResolvedTaskQueueOptions,
        clock: Clock,
        transactions?: Transactions,
      ) => new QueueHealth(broker, KnownQueues.declared(queues), clock, transactions?.table),
      inject: [BROKER, RESOLVED_OPTIONS, CLOCK, Transactions],
    },
    {
      provide: TaskHealthIndicator,
      useFactory: (health: QueueHealth) => new TaskHealthIndicator(health),
      inject: [QueueHealth],
    },
    {
      provide: CronManager,
      useFactory: (broker: AppBroker, { queues, payload }: ResolvedTaskQueueOptions, clock: Clock) =>
        new CronManager(broker, KnownQueues.declared(queues), clock, payload.codec),
      inject: [BROKER, RESOLVED_OPTIONS, CLOCK],
    },
    {
      provide: DeadLetters,
      useFactory: (broker: AppBroker, { queues, payload }: ResolvedTaskQueueOptions) =>
        new DeadLetters(broker.deadLetters, KnownQueues.declared(queues), broker.actions, payload.codec),
      inject: [BROKER, RESOLVED_OPTIONS],
    },
    {
      provide: MetricsReader,
      useFactory: (broker: AppBroker, { queues }: ResolvedTaskQueueOptions) =>
        new MetricsReader(broker, KnownQueues.declaredOrServed(queues, broker.catalog)),
      inject: [BROKER, RESOLVED_OPTIONS],
    },
    {
      provide: Inspector,
      useFactory: (broker: AppBroker, clock: Clock, { payload }: ResolvedTaskQueueOptions) =>
        new Inspector(broker, clock, undefined, undefined, payload),
      inject: [BROKER, CLOCK, RESOLVED_OPTIONS],
    },
    {
      provide: BroadcastLog,
      useFactory: (broker: AppBroker, { payload }: ResolvedTaskQueueOptions) =>
        new BroadcastLog(broker.broadcasts, payload.codec),
      inject: [BROKER, RESOLVED_OPTIONS],
    },
    {
      provide: Transactions,
      useFactory: ({ outbox, namespace }: ResolvedTaskQueueOptions) =>
        outbox && new Transactions(new OutboxTable(outbox.database, namespace, outbox.table), outbox.current),
      inject: [RESOLVED_OPTIONS],
    },
    { provide: Outbox, useFactory: (transactions?: Transactions) => new Outbox(transactions), inject: [Transactions] },
    OutboxRelayService,
    {
      provide: InboxTable,
      useFactory: ({ inbox, namespace }: ResolvedTaskQueueOptions) =>
        inbox && new InboxTable(inbox.database, namespace, inbox.table),
      inject: [RESOLVED_OPTIONS],
    },
    { provide: Inbox, useFactory: (table?: InboxTable) => new Inbox(table), inject: [InboxTable] },
    {
      provide: InboxService,
      useFactory: (
        broker: AppBroker,
        options: ResolvedTaskQueueOptions,
        table?: InboxTable,
        replacement?: RedisReplacement,
      ) => new InboxService(broker, options, table, replacement !== undefined),
      inject: [BROKER, RESOLVED_OPTIONS, InboxTable, MAYBE_REPLACED],
    },
    { provide: TaskRegistry, useFactory: () => new TaskRegistry() },
    { provide: SendWrappers, useFactory: () => new SendWrappers() },
    { provide: WaitWatch, useFactory: () => new WaitWatch() },
    {
      provide: GlobalEnhancers,
      useFactory: (app: ApplicationConfig, { applyGlobalEnhancers }: ResolvedTaskQueueOptions) =>
        new GlobalEnhancers(app, applyGlobalEnhancers),
      inject: [ApplicationConfig, RESOLVED_OPTIONS],
    },
    TaskContext,
    TaskDiscovery,
    CronSettingsProviders,
    HandlerFactory,
    PayloadChecks,
    LazyModules,
    ...Array.from(OWN, ([type, own]) => ({ provide: own, useExisting: type })),
  ],
  exports: [...EXPORTED, ...OWN.values(), CLOCK],
})
export class TaskQueueModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  /**
   * The module with these options. They are checked, and Redis is connected to, while the app starts.
   *
   * @throws NestworkError when the app starts: INVALID_OPTION, INVALID_DURATION, INVALID_NAME, UNKNOWN_QUEUE,
   * REDIS_UNAVAILABLE, REDIS_TOO_OLD, FOREIGN_KEYS, DUPLICATE_MODULE, DUPLICATE_TASK, DECORATOR_LOST, TASK_CLASS_NOT_PROVIDED,
   * INVALID_CRON
   * @example
   * TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['critical', 'default', 'bulk'] })
   */
  static override forRoot(options: TaskQueueOptions): DynamicModule {
    if (typeof options !== 'object' || options === null) throw withoutOptions();
    useCopy();
    // biome-ignore lint/complexity/noThisInStatic: the builder's method makes a module of the class it is called on
    return super.forRoot(options);
  }

  /**
   * The module with options that a factory or a class gives, for values that are known only when the app starts.
   *
   * @param options `useFactory` with `inject`, or `useClass` or `useExisting` of a class with `createTaskQueueOptions()`
   * @throws NestworkError at once INVALID_OPTION, when none of them is there; otherwise the errors of `forRoot`
   * @example
   * TaskQueueModule.forRootAsync({
   *   imports: [SettingsModule],
   *   inject: [Settings],
   *   useFactory: (settings: Settings) => ({ redis: settings.redisUrl }),
   * })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<TaskQueueOptions, 'createTaskQueueOptions'>,
  ): DynamicModule {
    // Nest would make a provider of nothing, and report a symbol that it cannot resolve
    if (!options?.useFactory && !options?.useClass && !options?.useExisting) throw withoutOptions();
    useCopy();
    // biome-ignore lint/complexity/noThisInStatic: the builder's method makes a module of the class it is called on
    return super.forRootAsync(options);
  }

  /** @internal */
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedTaskQueueOptions,
    private readonly modules: ModulesContainer,
    private readonly discovery: TaskDiscovery,
    private readonly registry: TaskRegistry,
    @Inject(BROKER) private readonly broker: AppBroker,
    private readonly lazyModules: LazyModules,
    private readonly sendWrappers: SendWrappers,
  ) {
    super();
  }

  /** @internal */
  async onModuleInit(): Promise<void> {
    this.refuseSecondModule();
    const release = once(() => this.options.release ?? appRelease(notedAppFile() ?? process.argv[1]));
    for (const task of this.discovery.tasks({ ...this.options, release })) this.registry.add(task);
    // workers declare them; here it is checked that they agree
    declaredLimits(this.registry.all(), this.options.queueLimits);
    const minified = warningOfMinifiedNames(this.registry.all());
    if (minified !== undefined) new Logger('TaskQueue').warn(minified);
    for (const { type, replacement } of this.discovery.replaced()) {
      this.registry.replace(type, replacement);
      const warning = warningOf(replacement);
      if (warning !== undefined) new Logger('TaskQueue').warn(warning);
    }
    this.sendWrappers.use(this.discovery.sendWrappers());
    this.lazyModules.watch();
    await this.broker.connect().catch(async (error: unknown) => {
      // Nest runs no shutdown hooks after a failed init, and a connection that retries keeps the process alive
      await this.broker.close();
      throw error;
    });
  }

  /**
   * The last hook, so that the shutdown hooks of the app can still enqueue.
   *
   * @internal
   */
  async onApplicationShutdown(): Promise<void> {
    await this.broker.close();
  }

  /** Each `forRoot()` is a module instance of its own since Nest 11: every task would be found twice. */
  private refuseSecondModule(): void {
    const all = [...this.modules.values()];
    const times = all.filter(({ metatype }) => metatype === TaskQueueModule).length;
    if (times < 2) return;
    // not `module.imports`: a global module is among those of every other
    const importers = all.filter(({ metatype }) => importsTaskQueue(metatype));
    throw new NestworkError(
      'DUPLICATE_MODULE',
      `TaskQueueModule is imported ${times} times, each time with options of its own: in ${importers.map(({ name }) => name).join(', ')}.`,
      [
        'Import it once, in the root module: QueueClient is then injectable everywhere.',
        'Remove TaskQueueModule.forRoot() from the `imports` of the other modules.',
      ],
    );
  }
}

/** Nest's own error would only name a dependency with an odd name that it cannot resolve. */
function withoutOptions(): NestworkError {
  return new NestworkError('INVALID_OPTION', 'TaskQueueModule is imported without options.', [
    'In the root module: TaskQueueModule.forRoot({ ... }), or forRootAsync({ useFactory }) with a function that returns them, `useClass` or `useExisting`.',
    'In other modules leave it out of the `imports`: its exports are injectable everywhere.',
  ]);
}

function importsTaskQueue(module: object): boolean {
  const imports: readonly unknown[] = Reflect.getMetadata('imports', module) ?? [];
  return imports.some((imported) => read(imported, 'module') === TaskQueueModule);
}

/** The client has no running tasks; `propagate` gets the one within which it is called. */
function withinTask({ propagate, ...options }: ResolvedTaskQueueOptions) {
  return { ...options, propagate: propagate && (() => propagate(runningTask.getStore())) };
}
