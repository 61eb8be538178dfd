import type { DynamicModule, LoggerService, LogLevel, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Broker } from '../broker/port/broker.js';
import { BROKER } from '../broker/port/tokens.js';
import { COPY, explained } from '../discovery/copies.js';
import { type Find, workerApp } from '../discovery/worker-app.js';
import { NestworkError } from '../errors.js';
import { RESOLVED_OPTIONS } from '../options/options.js';
import { outliveOutput } from '../supervisor/lost-output.js';
import { systemClock } from '../values/clock.js';
import { type ChildApp, runChild } from '../worker/child-entry.js';
import { Executor, logBrokenBackoff } from '../worker/executor.js';
import { StartRuns } from '../worker/start-runs.js';
import { TaskLogger } from '../worker/task-logger.js';

export { COPY };

type GivenLogger = LoggerService | LogLevel[] | false;

/** The life of a child, from its start to its end, with the app in it. */
export function runWorkerChild(module: Type<unknown> | DynamicModule, logger?: GivenLogger): Promise<void> {
  outliveOutput();
  return runChild(() => boot(module, loggerOf(logger)).catch(rethrow));
}

function rethrow(error: unknown): never {
  throw explained(error);
}

/** Makes the app inside a child. */
async function boot(module: Type<unknown> | DynamicModule, logger: LoggerService | false): Promise<ChildApp> {
  const app = await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
  const find: Find = (token) => app.get(token, { strict: false });
  try {
    find(RESOLVED_OPTIONS);
  } catch {
    throw new NestworkError(
      'INVALID_OPTION',
      'The module given to WorkerFactory.run does not import TaskQueueModule.',
      'Add TaskQueueModule.forRoot({ ... }) to its imports.',
    );
  }
  const { settings, catalog, registry, hooks, waits, payloads } = workerApp(find);
  const executor = new Executor(registry, hooks, logBrokenBackoff, systemClock, payloads);
  return {
    settings,
    catalog,
    broker: find<Broker>(BROKER),
    hooks,
    waits,
    executor,
    starts: new StartRuns(executor, registry.all()),
    close: () => app.close(),
  };
}

function loggerOf(given: GivenLogger | undefined): LoggerService | false {
  if (given === undefined) return new TaskLogger();
  return Array.isArray(given) ? new TaskLogger({ logLevels: given }) : given;
}
