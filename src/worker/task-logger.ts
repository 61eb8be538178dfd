import { ConsoleLogger } from '@nestjs/common';
import { runningTask } from './task-context.js';

/** Nest's console logger; lines written within a task say which task, id and attempt they belong to. */
export class TaskLogger extends ConsoleLogger {
  protected override formatContext(context: string): string {
    const task = runningTask.getStore();
    const prefix = super.formatContext(context);
    return task ? `${prefix}${this.colorize(`${task.name} ${task.id} #${task.attempt}`, 'verbose')} ` : prefix;
  }
}
