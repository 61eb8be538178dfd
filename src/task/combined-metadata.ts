import { NestworkError } from '../errors.js';
import type { TaskMetadata } from './task-metadata.js';

/** What says which method it is; all else are options of the task. */
const PLACE = ['decorator', 'declaredAs', 'declaredIn', 'broadcast'];

/**
 * What makes a method a task that has several decorators: `@Task()` and a cron, or several crons. The options of the task then stand on
 * `@Task()`, and each `name` of a cron is that of the cron.
 *
 * @throws NestworkError INVALID_OPTION for other decorators, and for options of the task on a cron
 */
export function combined(former: TaskMetadata, added: TaskMetadata): TaskMetadata {
  const both = [former, added] as const;
  if (both.some(({ broadcast }) => broadcast) || both.every(isTask)) throw declaredTwice(former, added);
  for (const one of both) if (!isTask(one)) assertOnlyNamed(one);
  const task = both.find(isTask);
  if (task) return task;
  const { name: _, ...unnamed } = former;
  return unnamed;
}

function isTask({ decorator = '@Task()' }: TaskMetadata): boolean {
  return decorator === '@Task()';
}

function assertOnlyNamed(metadata: TaskMetadata): void {
  const given = Object.entries(metadata).find(
    ([option, value]) => value !== undefined && option !== 'name' && !PLACE.includes(option),
  );
  if (given === undefined) return;
  const { decorator, declaredAs } = metadata;
  throw new NestworkError(
    'INVALID_OPTION',
    `${decorator} on ${declaredAs} has the option \`${given[0]}\`, and the method has a second decorator that makes it a task.`,
    [`Give options of the task to @Task() on the same method: @Task({ ${given[0]}: ... }).`],
  );
}

function declaredTwice(former: TaskMetadata, added: TaskMetadata): NestworkError {
  const [first, second] = [former.decorator ?? '@Task()', added.decorator ?? '@Task()'];
  const both = first === second ? `${first} twice` : `both ${first} and ${second}`;
  return new NestworkError(
    'INVALID_OPTION',
    `${added.declaredAs} has ${both}: each of them makes the method a task, or a broadcast.`,
    [
      'Keep one of them.',
      'For a task and a broadcast, or a cron that is a broadcast, write two methods, the second of which calls the first or sends it.',
    ],
  );
}
