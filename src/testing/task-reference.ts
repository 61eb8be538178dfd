import { NestworkError } from '../errors.js';
import { taskMetadataOf } from '../task/task-metadata.js';
import { assertTaskName } from '../task/task-name.js';

/**
 * A task, by its method or by its name.
 *
 * @example
 * const byMethod: TaskReference<[userId: number, options: { weekly: boolean }]> = ReportTasks.prototype.send;
 * const byName: TaskReference<unknown[]> = 'ReportTasks.send';
 */
export type TaskReference<Args extends readonly unknown[]> = string | ((...args: [...Args]) => unknown);

/**
 * The name of a task; a method of a base class has the name of that class.
 *
 * @throws NestworkError NOT_A_TASK, INVALID_NAME
 */
export function nameOfTask(task: TaskReference<never>): string {
  if (typeof task === 'string') {
    assertTaskName(task);
    return task;
  }
  const metadata = taskMetadataOf(task);
  if (metadata) return metadata.name ?? metadata.declaredAs;
  const what =
    typeof task === 'function' ? `Method ${task.name || 'without a name'}` : `What was given (${typeof task})`;
  throw new NestworkError('NOT_A_TASK', `${what} has no @Task(), @Cron(), @Interval() or @Broadcast().`, [
    'Give a decorated method of the class itself: MailTasks.prototype.welcome.',
    'A mock or spy, or what another decorator above it made of the method, has lost the decorator: give the name instead, "MailTasks.welcome".',
  ]);
}
