import { type DynamicModule, Logger, type LoggerService, type LogLevel, type Type } from '@nestjs/common';
import { ofThisCopy } from '../discovery/copies.js';
import { NestworkError } from '../errors.js';
import { isOrphan, isWorkerChild } from '../ipc/child-role.js';
import type { WorkerOptions } from '../options/options.js';
import { resolveWorkerOptions } from '../options/resolve-options.js';
import { assertOptionsObject } from '../values/known-options.js';

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
   * Logger of the supervisor and of the app in the children, as `NestFactory.create` takes it: a logger, the levels to print, or
   * `false` for none.
   * @default `new TaskLogger()`: Nest's ConsoleLogger, with the name, id and attempt of the task on lines written within one
   */
  logger?: LoggerService | LogLevel[] | false;
}

/**
 * Starts the app in worker mode.
 *
 * The process that calls it becomes the supervisor. It forks children that run the same file again; the children
 * instantiate the app and run its tasks. Keep other code out of that file. SIGTERM and SIGINT stop the worker.
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
    // before the options are destructured: the rest of a Map would be empty
    if (options !== null) assertOptionsObject(options, 'WorkerFactory.run');
    const { logger, ...rest } = options ?? {};
    const worker = resolveWorkerOptions(rest);
    assertLogger(logger);
    if (!isWorkerChild()) {
      if (logger !== undefined) Logger.overrideLogger(logger);
      const { runWorkerSupervisor } = ofThisCopy(await import('./worker-supervisor.js'), () =>
        require('./worker-supervisor.js'),
      );
      process.exit(await runWorkerSupervisor(worker));
    }
    const { runWorkerChild } = ofThisCopy(await import('./worker-child.js'), () => require('./worker-child.js'));
    // from here on the child detects the end of the supervisor
    if (isOrphan()) process.exit(1);
    return runWorkerChild(module, logger);
  }
}

/** Without this check, Nest would call missing methods at the first line. */
function assertLogger(logger: unknown): void {
  if (logger === undefined || logger === false || Array.isArray(logger)) return;
  const isLogger = ['log', 'warn', 'error'].every(
    (method) => typeof Reflect.get(Object(logger), method) === 'function',
  );
  if (isLogger) return;
  throw new NestworkError(
    'INVALID_OPTION',
    `The option \`logger\` of WorkerFactory.run is ${typeof logger === 'object' ? 'an object' : typeof logger} without the methods log, warn and error.`,
    'Give a LoggerService such as new TaskLogger({ json: true }), a list of levels such as ["warn", "error"], or false.',
  );
}
