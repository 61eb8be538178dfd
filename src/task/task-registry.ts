import { NestworkError } from '../errors.js';
import type { TaskDefinition } from './task-definition.js';

/** The only way from a name in a message to code: a Map, so that `constructor` or `toString` name no task. */
export class TaskRegistry {
  private readonly definitions = new Map<string, TaskDefinition>();

  /** @throws NestworkError DUPLICATE_TASK when the name is taken */
  add(definition: TaskDefinition): void {
    const other = this.definitions.get(definition.name);
    if (other) {
      throw new NestworkError(
        'DUPLICATE_TASK',
        `Two tasks are named "${definition.name}": ${other.where} and ${definition.where}.`,
        [
          'Give one of them another name: @Task({ name: ... }).',
          'If it is the same class, provide it in one module only and export it from there.',
        ],
      );
    }
    this.definitions.set(definition.name, definition);
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
