/**
 * Which crons the workers of an app fire: all, none, or those whose names fit. `*` in a name stands for any text; a name with `!` in front
 * leaves out what it fits, and where all have one, the others fit.
 *
 * @example
 * const crons: CronSelection = ['*', '!DigestTasks.*'];
 */
export type CronSelection = boolean | readonly string[];

/**
 * Whether a cron of this name is to be fired.
 *
 * @example
 * isSelected(['ReportTasks.*'], 'ReportTasks.digest'); // true
 */
export function isSelected(selection: CronSelection, name: string): boolean {
  if (typeof selection === 'boolean') return selection;
  const wanted = selection.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = selection.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const isWanted = wanted.length === 0 || wanted.some((pattern) => fits(pattern, name));
  return isWanted && !unwanted.some((pattern) => fits(pattern, name));
}

/** The names of a selection that are written in full, and that no cron has. */
export function unknownNames(selection: CronSelection, names: readonly string[]): string[] {
  if (typeof selection === 'boolean') return [];
  return selection
    .map((pattern) => pattern.replace(/^!/, ''))
    .filter((name) => !name.includes('*') && !names.includes(name));
}

function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
