import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program on the PATH; undefined when it is not there. */
export function which(program) {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return directories.map((directory) => join(directory, program)).find(isExecutable);
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a version is new enough.
 *
 * @param {string | undefined} version `10.11.19`; undefined is never new enough
 * @param {string} oldest `10.6`
 */
export function isAtLeast(version, oldest) {
  if (version === undefined) return false;
  const parts = version.split('.').map(Number);
  for (const [index, part] of oldest.split('.').map(Number).entries()) {
    if ((parts[index] ?? 0) !== part) return (parts[index] ?? 0) > part;
  }
  return true;
}
