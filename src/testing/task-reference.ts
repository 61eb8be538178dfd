import { NestworkError } from '../errors.js';
import { taskMetadataOf } from '../task/task-metadata.js';
import { assertTaskName } from '../values/task-name.js';

/**
 * A task, by its sender, by its method or by its name.
 *
 * @example
 * const bySender: TaskReference<[userId: number, options: { weekly: boolean }]> = app.get(TestQueue).of(ReportTasks).send;
 * const byMethod: TaskReference<[userId: number, options: { weekly: boolean }]> = ReportTasks.prototype.send;
 * const byName: TaskReference<unknown[]> = 'ReportTasks.send';
 */
export type TaskReference<Args extends readonly unknown[]> =
  | string
  | TaskSenderLike<[...Args]>
  | ((...args: [...Args]) => unknown);

/**
 * The sender of a task, `queue.of(ReportTasks).send`, by its public properties.
 *
 * @example
 * const sender: TaskSenderLike<[userId: number, options: { weekly: boolean }]> = app.get(TestQueue).of(ReportTasks).send;
 */
export interface TaskSenderLike<Args extends unknown[]> {
  /** the name of the task */
  readonly name: string;
  /** whether `with()` has given options, which a comparison would ignore */
  readonly hasOptions?: boolean;
  /** sends the task; here only the types of its arguments matter */
  delay(...args: Args): Promise<unknown>;
}

/**
 * The name of a task; a method of a base class has the name of that class.
 *
 * @throws NestworkError NOT_A_TASK, INVALID_NAME; INVALID_OPTION for a sender with options, which would be ignored
 */
export function nameOfTask(task: TaskReference<never>): string {
  if (typeof task === 'string') {
    assertTaskName(task);
    return task;
  }
  if (isSender(task)) {
    if (task.hasOptions) throw withOptions(task.name);
    return task.name;
  }
  const metadata = taskMetadataOf(task);
  if (metadata) return metadata.name ?? metadata.declaredAs;
  const what =
    typeof task === 'function' ? `Method ${task.name || 'without a name'}` : `What was given (${typeof task})`;
  throw new NestworkError('NOT_A_TASK', `${what} has no @Task(), @Cron(), @Interval() or @Broadcast().`, [
    'Give a sender of the task, queue.of(MailTasks).welcome, or the decorated method of the class itself, MailTasks.prototype.welcome.',
    'A mock, a spy or a decorator above it replaced the method, so its decorator is lost: give the name instead, "MailTasks.welcome".',
  ]);
}

/** By its shape: the class itself would load half of the package into the setup file of a test runner. */
function isSender(task: unknown): task is TaskSenderLike<never> {
  if (typeof task !== 'object' || task === null) return false;
  return typeof Reflect.get(task, 'name') === 'string' && typeof Reflect.get(task, 'delay') === 'function';
}

function withOptions(name: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `The sender of "${name}" was made by with(): its options would not be compared.`,
    [
      "Give the sender as of() has it, and what you expect of the call after the arguments: { delay: '10m', key: 'user-7' }.",
    ],
  );
}
