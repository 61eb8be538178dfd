import { NestworkError } from '../errors.js';
import { type CatalogStart, catalogStart } from '../policy/start-catalog.js';
import type { TaskDefinition, TaskOrigin } from './task-definition.js';

/** What a provider gives whose token is a task class: no instance of that class. */
export interface Replacement {
  /** the token and its module */
  readonly where: string;
  /** the class of what it gives; undefined for a plain object */
  readonly by: string | undefined;
  /** names of the tasks that it gives */
  readonly names: readonly string[];
}

type CataloguedTask = Pick<
  TaskDefinition,
  'name' | 'queue' | 'broadcast' | 'keepDone' | 'result' | 'sealed' | 'crons'
> &
  CatalogStart;

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

  /** The class of this name whose tasks the app has. */
  typeNamed(className: string): TaskDefinition['origin']['type'] | undefined {
    return this.all().find(({ origin }) => origin.type.name === className)?.origin.type;
  }

  /** In the order of discovery. */
  all(): TaskDefinition[] {
    return [...this.definitions.values()];
  }

  /** What others need to know of each: a sender that does not have its class, and a supervisor. */
  catalog(): CataloguedTask[] {
    return this.all().map(({ name, queue, broadcast, keepDone, result, sealed, crons, start }) => {
      return { name, queue, broadcast, keepDone, result, sealed, crons, ...catalogStart(start) };
    });
  }

  get size(): number {
    return this.definitions.size;
  }
}

function duplicate(first: TaskDefinition, second: TaskDefinition): NestworkError {
  const isSame = first.origin.type === second.origin.type && first.origin.method === second.origin.method;
  return new NestworkError(
    'DUPLICATE_TASK',
    `Two tasks are named "${first.name}": ${first.where} and ${second.where}${isSame ? ', the same method found twice' : ''}.`,
    isSame ? toProvideOnce(first.origin, second.origin) : TO_RENAME,
  );
}

const TO_RENAME = [
  'Give one of them another name: @Task({ name }), @Broadcast({ name }), @Cron(cronTime, { name }) or @Interval(every, { name }).',
  'Without one the name is `Class.method`: two classes of one name need different ones.',
];

function toProvideOnce({ type: { name }, module }: TaskOrigin, other: TaskOrigin): string[] {
  if (module !== other.module) {
    return [
      `Both modules have ${name} among their \`providers\`: keep it in ${module}, and remove it from ${other.module}.`,
      `If ${other.module} injects it, add it to the \`exports\` of ${module}, and ${module} to the \`imports\` of ${other.module}.`,
    ];
  }
  return [
    `Provide ${name} once; for a second token give { provide: TOKEN, useExisting: ${name} }.`,
    `A dynamic module that is imported twice is two modules: provide ${name} in one that is imported once.`,
    'To run it twice with other settings, write a subclass for each: its tasks have names of their own.',
  ];
}
