import { join } from 'node:path';
import { countFile } from './count-file.js';
import type { LineCounts } from './count-lines.js';
import { addSkipped, type SkippedFiles } from './skipped-files.js';

/** Files and lines of one language. */
export interface LanguageTotals extends LineCounts {
  files: number;
  bytes: number;
}

/** The sums of a batch of files, by language. */
export interface BatchCounts {
  readonly languages: Record<string, LanguageTotals>;
  readonly skipped: SkippedFiles;
}

/**
 * Counts a batch of files; the same files give the same counts, however often and wherever it runs.
 *
 * @throws the reason of `signal` when it aborts between two files
 */
export async function countBatch(root: string, paths: readonly string[], signal: AbortSignal): Promise<BatchCounts> {
  const counts: BatchCounts = { languages: {}, skipped: {} };
  for (const path of paths) {
    signal.throwIfAborted();
    const file = await countFile(join(root, path));
    if ('skipped' in file) addSkipped(counts.skipped, file.skipped, path);
    else addTo(counts.languages, file.language, { files: 1, bytes: file.bytes, ...file.lines });
  }
  return counts;
}

/** Adds `more` to the totals of a language. */
export function addTo(languages: Record<string, LanguageTotals>, language: string, more: LanguageTotals): void {
  languages[language] = sumOf([languages[language] ?? sumOf([]), more]);
}

/** Everything of several totals together. */
export function sumOf(parts: readonly LanguageTotals[]): LanguageTotals {
  const sum: LanguageTotals = { files: 0, bytes: 0, code: 0, comments: 0, blanks: 0 };
  for (const part of parts) {
    sum.files += part.files;
    sum.bytes += part.bytes;
    sum.code += part.code;
    sum.comments += part.comments;
    sum.blanks += part.blanks;
  }
  return sum;
}
