import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { languageOf } from './languages.js';
import type { SkipReason } from './skipped-files.js';

/** A file worth counting, by its path inside the walked directory. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/** Called for everything that the walk leaves out. */
export type OnSkipped = (reason: SkipReason, path: string) => void;

/** Larger files are generated, and would make one task as long as fifty. */
export const MAX_FILE_BYTES = 2_000_000;

/** Histories, not sources. */
const IGNORED_DIRECTORIES = new Set(['.git', '.hg', '.svn']);

/**
 * Finds the source files below a directory, in a stable order.
 *
 * Symbolic links are left out: they can lead in circles, and their targets inside the directory are found anyway.
 * A file that cannot be read or vanishes meanwhile is reported, never thrown.
 *
 * @throws the reason of `signal` when it aborts
 */
export async function* sourceFiles(
  root: string,
  signal: AbortSignal,
  onSkipped: OnSkipped = () => {},
): AsyncGenerator<SourceFile> {
  const directories = [''];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    signal.throwIfAborted();
    const entries = await readdir(join(root, directory), { withFileTypes: true }).catch(() => undefined);
    if (!entries) onSkipped('unreadable', directory || '.');
    const subdirectories: string[] = [];
    for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isSymbolicLink()) onSkipped('symbolic link', path);
      else if (entry.isFile()) yield* sourceFile(root, path, onSkipped);
      else if (entry.isDirectory() && !IGNORED_DIRECTORIES.has(entry.name)) subdirectories.push(path);
    }
    directories.push(...subdirectories.reverse());
  }
}

/** Whether there may be anything to count. After a second of looking at other files the answer is yes: workers have time. */
export async function mayHaveSourceFiles(root: string): Promise<boolean> {
  const signal = AbortSignal.timeout(1_000);
  try {
    for await (const _ of sourceFiles(root, signal)) return true;
    return false;
  } catch (error) {
    if (signal.aborted) return true;
    throw error;
  }
}

async function* sourceFile(root: string, path: string, onSkipped: OnSkipped): AsyncGenerator<SourceFile> {
  if (!languageOf(path)) return onSkipped('unknown language', path);
  const stats = await lstat(join(root, path)).catch(() => undefined);
  if (!stats) onSkipped('unreadable', path);
  else if (stats.size > MAX_FILE_BYTES) onSkipped('too large', path);
  else yield { path, bytes: stats.size };
}
