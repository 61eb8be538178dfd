import { ConsoleLogger } from '@nestjs/common';
import { runningTask } from './task-context.js';

/** What Nest says while it wires a container, and every child wires the same one. */
const WIRING = new Set<unknown>(['NestFactory', 'InstanceLoader']);

/** Nest's console logger for a child: lines written within a task say which task, id and attempt they belong to. */
export class TaskLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!WIRING.has(rest.at(-1))) super.log(message, ...rest);
  }

  protected override formatContext(context: string): string {
    const task = runningTask.getStore();
    const prefix = super.formatContext(context);
    return task ? `${prefix}${this.colorize(`${task.name} ${task.id} #${task.attempt}`, 'verbose')} ` : prefix;
  }
}
