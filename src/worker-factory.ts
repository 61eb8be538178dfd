import { type DynamicModule, Logger, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Broker } from './broker/broker.js';
import { RedisBroker } from './broker/redis-broker.js';
import { NestworkError } from './errors.js';
import { RESOLVED_OPTIONS, type WorkerOptions } from './options.js';
import { OutageLog } from './outage-log.js';
import { resolveWorkerOptions } from './resolve-options.js';
import { BROKER } from './stand-in.js';
import { Supervisor } from './supervisor/supervisor.js';
import { type ChildApp, runChild } from './worker/child-entry.js';
import { isOrphan, isWorkerChild, SUPERVISOR_PID } from './worker/child-role.js';
import { Executor } from './worker/executor.js';
import { TaskLogger } from './worker/task-logger.js';
import { type Find, scoreboardCapacity, tellBrokenBackoff, workerApp } from './worker-app.js';
import { workerServices } from './worker-services.js';

type AppModule = Type<unknown> | DynamicModule;

/**
 * Options of `WorkerFactory.run`: those of the worker, and its logger.
 *
 * @example
 * const options: WorkerFactoryOptions = { concurrency: 10, logger: new Logger() };
 * await WorkerFactory.run(AppModule, options);
 */
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
      capacity: scoreboardCapacity(worker.concurrency),
      environment: { [SUPERVISOR_PID]: String(process.pid) },
      connect: (settings, restored) => {
        const log = new OutageLog(logger, restored);
        return new RedisBroker({ ...settings, onOutage: log, onWarning: (warning) => log.warn(warning) });
      },
      services: (broker, app, onError) => workerServices({ broker, ...app, leaseMs: worker.leaseMs, logger, onError }),
    });
    process.exit(await supervisor.run());
  }
}

/** Makes the app inside a child. */
async function boot(module: AppModule, logger: LoggerService): Promise<ChildApp> {
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  const find: Find = (token) => app.get(token, { strict: false });
  if (!attempt(() => find(RESOLVED_OPTIONS))) {
    throw new NestworkError(
      'INVALID_OPTION',
      'The module given to WorkerFactory.run does not import TaskQueueModule.',
      'Add TaskQueueModule.forRoot({ ... }) to its imports.',
    );
  }
  const { settings, catalog, registry, hooks } = workerApp(find);
  return {
    settings,
    catalog,
    broker: find<Broker>(BROKER),
    executor: new Executor(registry, hooks, tellBrokenBackoff),
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
