import { NestworkError } from '../errors.js';
import { type DeclaredTask, declaredTasks, hasTaskHooks } from '../task/task-metadata.js';
import type { TaskType } from './declared-enhancers.js';
import type { Wrapper } from './wrapper.js';

/** The classes that Nest makes besides providers; tasks in them are not found. */
export interface Bystander {
  readonly wrapper: Wrapper;
  readonly kind: 'a controller' | 'an enhancer';
}

/**
 * Refuses decorators in classes that Nest makes, but not as providers: they would silently have no effect.
 *
 * @param provided the classes of all providers, and those that are tokens: a test may replace them
 * @throws NestworkError TASK_CLASS_NOT_PROVIDED
 */
export function assertNoneMisplaced(bystanders: Iterable<Bystander>, provided: ReadonlySet<object>): void {
  for (const { wrapper, kind } of bystanders) {
    const type: unknown = wrapper.metatype;
    if (!isClass(type) || provided.has(type)) continue;
    const task = declaredTasks(type).find((task) => !runsElsewhere(task, type, provided));
    const where = `in ${wrapper.host?.name ?? 'an unknown module'}`;
    if (task) throw misplaced(`${task.decorator} on ${type.name}.${task.method} ${where}`, type, kind);
    if (hasTaskHooks(type)) throw misplaced(`@TaskHooks() on ${type.name} ${where}`, type, kind);
  }
}

/** A method that it inherits from a provider runs there, also if both inherit it from an abstract class or a mixin. */
function runsElsewhere({ method, declaredIn }: DeclaredTask, type: object, provided: ReadonlySet<object>): boolean {
  for (let at = Reflect.getPrototypeOf(type); isClass(at); at = Reflect.getPrototypeOf(at)) {
    if (!provided.has(at)) continue;
    if (declaredTasks(at).some((task) => task.method === method && task.declaredIn === declaredIn)) return true;
  }
  return false;
}

function misplaced(what: string, { name }: TaskType, kind: Bystander['kind']): NestworkError {
  const other =
    kind === 'a controller'
      ? `${name} can inject that class, and QueueClient to send its tasks.`
      : `If ${name} is to be both, add it to the \`providers\` as well: Nest then makes one for each.`;
  return new NestworkError(
    'TASK_CLASS_NOT_PROVIDED',
    `${what} has no effect: ${name} is ${kind}, and only providers have tasks and hooks.`,
    ['Move it to a class of its own, and add that to the `providers` of the module.', other],
  );
}

function isClass(type: unknown): type is TaskType & object {
  return typeof type === 'function' && typeof type.prototype === 'object' && type.prototype !== null;
}
