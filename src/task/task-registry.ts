import { NestworkError } from '../errors.js';
import type { TaskDefinition } from './task-definition.js';

/** What a provider gives whose token is a task class: no instance of that class. */
export interface Replacement {
  /** the token and its module */
  readonly where: string;
  /** the class of what it gives; undefined for a plain object */
  readonly by: string | undefined;
  /** names of the tasks that it gives */
  readonly names: readonly string[];
}

/** The only way from a name in a message to code: a Map, so that `constructor` or `toString` name no task. */
export class TaskRegistry {
  private readonly definitions = new Map<string, TaskDefinition>();
  private readonly replaced = new Map<object, Replacement>();

  /** @throws NestworkError DUPLICATE_TASK when the name is taken */
  add(definition: TaskDefinition): void {
    const other = this.definitions.get(definition.name);
    if (other) throw duplicate(other, definition);
    this.definitions.set(definition.name, definition);
  }

  /** Notes that a provider whose token is a task class gives something else. */
  replace(type: object, replacement: Replacement): void {
    this.replaced.set(type, replacement);
  }

  /** What stands in the place of a task class, if something does. */
  replacementOf(type: object): Replacement | undefined {
    return this.replaced.get(type);
  }

  get(name: string): TaskDefinition | undefined {
    return this.definitions.get(name);
  }

  /** In the order of discovery. */
  all(): TaskDefinition[] {
    return [...this.definitions.values()];
  }

  /** What others need to know of each: a sender that does not have its class, and a supervisor. */
  catalog(): Pick<TaskDefinition, 'name' | 'queue' | 'broadcast' | 'cron'>[] {
    return this.all().map(({ name, queue, broadcast, cron }) => ({ name, queue, broadcast, cron }));
  }

  get size(): number {
    return this.definitions.size;
  }
}

function duplicate(first: TaskDefinition, second: TaskDefinition): NestworkError {
  const what = `Two tasks are named "${first.name}": ${first.where} and ${second.where}.`;
  const { type, decorator, module } = second.origin;
  if (first.origin.type === type) {
    const home = first.origin.module;
    return new NestworkError(
      'DUPLICATE_TASK',
      module === home ? `${what.slice(0, -1)}, under two tokens.` : what,
      module === home
        ? [
            `Provide ${type.name} once; for a second token give { provide: TOKEN, useExisting: ${type.name} }.`,
            'To run it twice with other settings, make a subclass of each, whose tasks have names of their own.',
          ]
        : [
            `Both modules have ${type.name} among their \`providers\`: keep it in ${home}, and remove it from ${module}.`,
            `If ${module} injects it, add it to the \`exports\` of ${home}, and ${home} to the \`imports\` of ${module}.`,
          ],
    );
  }
  return new NestworkError('DUPLICATE_TASK', what, [
    `Give one of them another name: ${named(first.origin.decorator)}${
      named(first.origin.decorator) === named(decorator) ? '' : `, or ${named(decorator)}`
    }.`,
    'Without one the name is `Class.method`: two classes of one name need different ones.',
  ]);
}

/** How the decorator takes a name. */
function named(decorator: string): string {
  const first = decorator === '@Cron()' ? 'cronTime, ' : decorator === '@Interval()' ? 'every, ' : '';
  return decorator.replace('()', `(${first}{ name: '...' })`);
}
