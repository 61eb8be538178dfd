import { type DynamicModule, Logger, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Broker } from './broker/broker.js';
import { RedisBroker } from './broker/redis-broker.js';
import { TaskDiscovery } from './discovery/task-discovery.js';
import { NestworkError } from './errors.js';
import { type ResolvedTaskQueueOptions, resolveWorkerOptions, type WorkerOptions } from './options.js';
import { OutageLog } from './outage-log.js';
import { CronLoop } from './scheduler/cron-loop.js';
import { DeadJanitor } from './scheduler/dead-janitor.js';
import { Promoter } from './scheduler/promoter.js';
import { Reaper } from './scheduler/reaper.js';
import { Supervisor } from './supervisor/supervisor.js';
import { TaskRegistry } from './task/task-registry.js';
import { BROKER, RESOLVED_OPTIONS } from './task-queue.module.js';
import { MAX_BATCH } from './worker/batch-size.js';
import { type ChildApp, runChild } from './worker/child-entry.js';
import { isOrphan, isWorkerChild, SUPERVISOR_PID } from './worker/child-role.js';
import { Executor } from './worker/executor.js';
import { TaskLogger } from './worker/task-logger.js';

type AppModule = Type<unknown> | DynamicModule;

export interface WorkerFactoryOptions extends WorkerOptions {
  /**
   * Logger of the supervisor and of the app in the children.
   * @default Nest's ConsoleLogger, with the name, id and attempt of the task on lines written within one
   */
  logger?: LoggerService;
}

/**
 * Starts the app in worker mode.
 *
 * The process that calls it becomes the supervisor: it forks children that run the same file again, and in those the
 * app is instantiated and its tasks run. Nothing else belongs into that file. SIGTERM and SIGINT stop the worker.
 *
 * @example
 * // worker.ts
 * await WorkerFactory.run(AppModule, { concurrency: 10 });
 */
export class WorkerFactory {
  /**
   * In the supervisor it ends the process after the worker has stopped: code 0 after a signal, 1 when it could not start.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION
   */
  static async run(module: AppModule, options: WorkerFactoryOptions = {}): Promise<void> {
    const { logger: given, ...rest } = options ?? {};
    const worker = resolveWorkerOptions(rest);
    if (isOrphan()) process.exit(1);
    if (isWorkerChild()) return runChild(() => boot(module, given ?? new TaskLogger()));
    if (given) Logger.overrideLogger(given);
    const logger = new Logger('TaskSupervisor');
    const supervisor = new Supervisor({
      worker,
      logger,
      // what was claimed, and as much again that was finished while its acks were on their way
      capacity: 2 * (MAX_BATCH + worker.concurrency),
      environment: { [SUPERVISOR_PID]: String(process.pid) },
      connect: (settings, restored) => {
        const log = new OutageLog(logger, restored);
        return new RedisBroker({ ...settings, onOutage: log, onWarning: (warning) => log.warn(warning) });
      },
      services: (broker, { settings, catalog }, onError) => [
        new Reaper({
          broker,
          leaseMs: worker.leaseMs,
          onReaped: (session, tasks) =>
            logger.warn(`Session ${session} is gone; ${tasks} tasks of it were given back.`),
          onError,
        }),
        new DeadJanitor({ broker: broker.deadLetters, ...settings, onError }),
        new Promoter({ broker, onError }),
        new CronLoop({
          broker: broker.crons,
          crons: catalog.flatMap(({ name, queue, cron }) => (cron ? [{ name, queue, ...cron }] : [])),
          onWarning: (warning) => logger.warn(warning),
          onError,
        }),
      ],
    });
    process.exit(await supervisor.run());
  }
}

/** Makes the app inside a child. */
async function boot(module: AppModule, logger: LoggerService): Promise<ChildApp> {
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  const find = <T>(token: Type<T> | symbol): T => app.get<T>(token, { strict: false });
  const options = attempt(() => find<ResolvedTaskQueueOptions>(RESOLVED_OPTIONS));
  if (!options) {
    throw new NestworkError(
      'INVALID_OPTION',
      'The module given to WorkerFactory.run does not import TaskQueueModule.',
      'Add TaskQueueModule.forRoot({ ... }) to its imports.',
    );
  }
  const registry = find(TaskRegistry);
  const { redis, namespace, commandTimeoutMs, queues, deadRetentionMs, maxDead } = options;
  return {
    settings: { redis, namespace, commandTimeoutMs, queues, deadRetentionMs, maxDead },
    catalog: registry.all().map(({ name, queue, broadcast, cron }) => ({ name, queue, broadcast, cron })),
    broker: find<Broker>(BROKER),
    executor: new Executor(registry, find(TaskDiscovery).hooks(), (error) =>
      new Logger('TaskWorker').error(`A \`backoff\` function failed, so the default was used: ${String(error)}`),
    ),
    close: () => app.close(),
  };
}

function attempt<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}
