import { ConsoleLogger } from '@nestjs/common';
import { traceContextOf } from '../message/trace-context.js';
import { runningTask } from './task-context.js';

/** Its lines name their task themselves. */
const OF_WORKER = '[TaskWorker] ';

/** The lines of Nest while it wires a container, and every child wires the same one. */
const WIRING = new Set<unknown>(['NestFactory', 'InstanceLoader']);

type JsonLine = ReturnType<ConsoleLogger['getJsonLogObject']>;

/**
 * Nest's `ConsoleLogger`, whose lines name the task within which they were written: as text between context and message, with
 * `json: true` as the field `task` with `name`, `id`, `queue` and `attempt`. Where a tracer has set the `trace` of the task, they also have
 * `trace=<id>`, or the fields `trace_id`, `span_id` and `trace_flags`. It takes the options of `ConsoleLogger`.
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
    if (!task) return prefix;
    const which = prefix.includes(OF_WORKER) ? [] : [`${task.name} ${task.id} #${task.attempt}`];
    const trace = traceContextOf(task.trace);
    const words = trace ? [...which, `trace=${trace.traceId}`] : which;
    return words.length > 0 ? `${prefix}${this.colorize(words.join(' '), 'verbose')} ` : prefix;
  }

  /** @internal */
  protected override getJsonLogObject(...line: Parameters<ConsoleLogger['getJsonLogObject']>): JsonLine {
    const task = runningTask.getStore();
    const fields = super.getJsonLogObject(...line);
    if (!task) return fields;
    const { name, id, queue, attempt } = task;
    const trace = traceContextOf(task.trace);
    const place = trace && {
      trace_id: trace.traceId,
      span_id: trace.spanId,
      trace_flags: trace.flags.toString(16).padStart(2, '0'),
    };
    return Object.assign(fields, { task: { name, id, queue, attempt } }, place);
  }
}
