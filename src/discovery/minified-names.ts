import type { TaskDefinition } from '../task/task-definition.js';

/** The form of minified names: `e`, `aB`. */
const MOST_LETTERS = 2;

/**
 * A warning where tasks are named by classes that a minifier has renamed: the next build may give other names, and then no
 * worker has the tasks of the old names. A short class name alone proves nothing; the one of its module must be short as
 * well.
 */
export function warningOfMinifiedNames(tasks: Iterable<TaskDefinition>): string | undefined {
  for (const { name, origin } of tasks) {
    const { type, method, module } = origin;
    if (name !== `${type.name}.${method}` || !isShort(type.name) || !isShort(module)) continue;
    return (
      `The task "${name}" in ${module} is named by a class that a minifier has renamed. Another build may give it another name, and then no worker runs the tasks that were sent before. ` +
      "Keep class names (--keep-names of esbuild, keep_classnames of Terser), or give each task its own: @Task({ name: 'mail.welcome' })."
    );
  }
  return undefined;
}

function isShort(name: string): boolean {
  return name.length <= MOST_LETTERS;
}
