import { declaredTasks } from '../task/task-metadata.js';
import type { Replacement } from '../task/task-registry.js';
import type { TaskType } from './declared-enhancers.js';
import type { Wrapper } from './wrapper.js';

/** A task class that is the token of a provider, but not the class of the provided value. */
export interface ReplacedClass {
  readonly type: object;
  readonly replacement: Replacement;
}

/**
 * Finds task classes that are replaced by another value: a mock of a test, `useValue`, `useClass`, an alias.
 *
 * @param classOf the class of the value that a provider gives; undefined for a plain object
 */
export function replacedClasses(
  wrappers: Iterable<Wrapper>,
  classOf: (wrapper: Wrapper) => TaskType | undefined,
): ReplacedClass[] {
  return [...wrappers].flatMap((wrapper) => {
    const { token } = wrapper;
    // a value that is made for each task cannot be checked here
    if (typeof token !== 'function' || !token.prototype || wrapper.isTransient || !wrapper.isDependencyTreeStatic()) {
      return [];
    }
    const tasks = declaredTasks(token);
    const by = classOf(wrapper);
    if (tasks.length === 0 || by === token) return [];
    const where = `${token.name} in ${wrapper.host?.name ?? 'an unknown module'}`;
    const names = by ? declaredTasks(by).map(({ name }) => name) : [];
    return [{ type: token, replacement: { where, by: by?.name, names } }];
  });
}

/** A warning if the replacement has no tasks: crons would silently stop. */
export function warningOf({ where, by, names }: Replacement): string | undefined {
  if (names.length > 0) return undefined;
  const given = by === undefined ? 'a plain object' : `a ${by}, which has no tasks`;
  return `The provider ${where} gives ${given}: the tasks of the class do not run here. Provide the class itself, or a subclass of it.`;
}
