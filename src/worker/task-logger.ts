import { ConsoleLogger } from '@nestjs/common';
import { runningTask } from './task-context.js';

/** Its lines name their task themselves. */
const OF_WORKER = '[TaskWorker] ';

/** The lines of Nest while it wires a container, and every child wires the same one. */
const WIRING = new Set<unknown>(['NestFactory', 'InstanceLoader']);

type JsonLine = ReturnType<ConsoleLogger['getJsonLogObject']>;

/**
 * Nest's `ConsoleLogger`, whose lines name the task within which they were written: as text between context and message, with
 * `json: true` as the field `task` with `name`, `id`, `queue` and `attempt`. It takes the options of `ConsoleLogger`.
 *
 * Workers use it by default. It leaves out the lines that Nest writes while it wires a container, because every child repeats them.
 *
 * @example
 * await WorkerFactory.run(AppModule, { logger: new TaskLogger({ json: true, logLevels: ['log', 'warn', 'error'] }) });
 */
export class TaskLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!WIRING.has(rest.at(-1))) super.log(message, ...rest);
  }

  /** @internal */
  protected override formatContext(context: string): string {
    const task = runningTask.getStore();
    const prefix = super.formatContext(context);
    return task && !prefix.includes(OF_WORKER)
      ? `${prefix}${this.colorize(`${task.name} ${task.id} #${task.attempt}`, 'verbose')} `
      : prefix;
  }

  /** @internal */
  protected override getJsonLogObject(...line: Parameters<ConsoleLogger['getJsonLogObject']>): JsonLine {
    const task = runningTask.getStore();
    const fields = super.getJsonLogObject(...line);
    if (!task) return fields;
    const { name, id, queue, attempt } = task;
    return Object.assign(fields, { task: { name, id, queue, attempt } });
  }
}
