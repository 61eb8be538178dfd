import { join } from 'node:path';

/** The lines that a search has found. */
export interface Findings {
  readonly pattern: string;
  /** how many files were searched, of how many; fewer when its time was over */
  readonly files: number;
  readonly of: number;
  /** lines that match */
  readonly lines: number;
  /** the first of them, as `path:line` */
  readonly examples: readonly string[];
}

export interface Search {
  readonly directory: string;
  readonly paths: readonly string[];
  /** a regular expression */
  readonly pattern: string;
}

const MAX_EXAMPLES = 5;

/**
 * Searches files line by line, until it is through or `signal` aborts: then it says how far it came.
 *
 * @param read resolves to undefined for a file that is no text
 */
export async function searchFiles(
  { directory, paths, pattern }: Search,
  read: (path: string) => Promise<string | undefined>,
  signal: AbortSignal,
): Promise<Findings> {
  const expression = new RegExp(pattern);
  const examples: string[] = [];
  let files = 0;
  let lines = 0;
  for (const path of paths) {
    if (signal.aborted) break;
    const text = await read(join(directory, path));
    files += 1;
    for (const [index, line] of (text ?? '').split('\n').entries()) {
      if (!expression.test(line)) continue;
      lines += 1;
      if (examples.length < MAX_EXAMPLES) examples.push(`${path}:${index + 1}`);
    }
  }
  return { pattern, files, of: paths.length, lines, examples };
}
