import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** Where a child starts, and which file it runs. */
export interface Place {
  readonly directory: string;
  readonly entry: string;
}

export interface WorkingDirectoryOptions {
  /** absolute path of the file that the children run */
  readonly entry: string;
  /** Called once, with a sentence for the log, when children begin to start elsewhere. */
  readonly onMoved: (what: string) => void;
  /** of the supervisor at its start, without symbolic links */
  readonly directory?: string;
  /** the same as the shell names it, perhaps with symbolic links */
  readonly logical?: string | undefined;
}

/**
 * The directory in which children start: that of the supervisor at its start. A deploy may remove it while the supervisor
 * runs, and a process cannot start in a directory that is gone. Then children start at the path by which the supervisor
 * entered it, which leads to the new release if it contains a symbolic link such as `current`; the entry file comes from
 * there, too. While the directory exists, nothing changes, so a new target of the link does not mix two releases.
 */
export class WorkingDirectory {
  private readonly start: string;
  private readonly logical: string | undefined;
  private reported = '';

  constructor(private readonly options: WorkingDirectoryOptions) {
    const { directory = currentDirectory(), logical = process.env.PWD } = options;
    this.start = directory;
    this.logical = logical !== undefined && isSame(logical, directory) ? logical : undefined;
  }

  /** For the next child. */
  place(): Place {
    const { entry } = this.options;
    const { start, logical } = this;
    if (existsSync(start)) return { directory: start, entry };
    if (logical !== undefined && existsSync(logical)) {
      this.report(
        `new children start in ${logical}, which is ${realpathSync(logical)} now. Restart the worker after a deploy`,
      );
      return { directory: logical, entry: this.isWithin(entry) ? join(logical, relative(start, entry)) : entry };
    }
    const directory = nearest(start);
    this.report(`new children start in ${directory}. Restart the worker where it is to run`);
    return { directory, entry };
  }

  private isWithin(path: string): boolean {
    return path.startsWith(this.start.endsWith(sep) ? this.start : `${this.start}${sep}`);
  }

  private report(what: string): void {
    if (what !== this.reported) this.options.onMoved(`The working directory ${this.start} is gone: ${what}.`);
    this.reported = what;
  }
}

function currentDirectory(): string {
  try {
    return process.cwd();
  } catch {
    // it was gone before the start
    return sep;
  }
}

function isSame(path: string, directory: string): boolean {
  try {
    return realpathSync(path) === realpathSync(directory);
  } catch {
    return false;
  }
}

function nearest(path: string): string {
  const above = dirname(path);
  return existsSync(above) || above === path ? above : nearest(above);
}
