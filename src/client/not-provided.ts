import { NestworkError } from '../errors.js';
import type { Replacement, TaskRegistry } from '../task/task-registry.js';

interface MissingTask {
  /** the class that was asked for */
  readonly type: object;
  readonly typeName: string;
  /** the task that is missing */
  readonly name: string;
}

/** Why an app that runs tasks has none of this class, where the reason is known, and what to do. */
export function notProvided(registry: TaskRegistry, { type, typeName, name }: MissingTask): NestworkError {
  const what = `No module of this app provides the task class ${typeName}`;
  const elsewhere = `If another app runs it, send it by name: queue.task('${name}').`;
  const replacement = registry.replacementOf(type);
  if (replacement) {
    return error(`${what}: its provider ${given(replacement)}.`, [...remedies(typeName, replacement), elsewhere]);
  }
  const subclass = registry.all().find(({ origin }) => extendsClass(origin.type, type))?.origin.type.name;
  if (subclass !== undefined) {
    return error(`${what}, but ${subclass}, which extends it and has the tasks under its own name.`, [
      `Send those: queue.of(${subclass}).`,
      `Add ${typeName} to the \`providers\` as well if it is to have tasks of its own.`,
    ]);
  }
  return error(`${what}.`, [`Add ${typeName} to the \`providers\` of a module that the app imports.`, elsewhere]);
}

function error(what: string, remedies: readonly string[]): NestworkError {
  return new NestworkError('TASK_CLASS_NOT_PROVIDED', what, remedies);
}

function given({ where, by, names }: Replacement): string {
  const tasks = names.length > 0 ? `, whose tasks are ${names.join(', ')}` : ', which has no tasks';
  return `${where} gives ${by === undefined ? 'a plain object' : `a ${by}`}${tasks}`;
}

function remedies(typeName: string, { by, names }: Replacement): string[] {
  if (by !== undefined && names.length > 0) {
    return [
      `Send those: queue.of(${by}).`,
      `Or give the tasks of ${typeName} a name that does not change: @Task({ name: '...' }).`,
    ];
  }
  return [
    `In a test override what ${typeName} injects, not ${typeName} itself; to see only what is sent, use TaskQueueTestingModule in mode 'fake'.`,
    `Provide ${typeName} itself, an instance of it, or a subclass.`,
  ];
}

function extendsClass(type: object, base: object): boolean {
  for (let at = Reflect.getPrototypeOf(type); at; at = Reflect.getPrototypeOf(at)) if (at === base) return true;
  return false;
}
