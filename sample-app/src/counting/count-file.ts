import { countLines, type LineCounts } from './count-lines.js';
import { languageOf } from './languages.js';
import { readSource } from './read-source.js';
import type { SkipReason } from './skipped-files.js';

/** One file counted, or the reason why not. */
export type FileCount =
  | { readonly language: string; readonly bytes: number; readonly lines: LineCounts }
  | { readonly skipped: SkipReason };

/** Counts one file. A file that cannot be counted is a result, not an error: one odd file must not fail its batch. */
export async function countFile(path: string): Promise<FileCount> {
  const language = languageOf(path);
  if (!language) return { skipped: 'unknown language' };
  const content = await readSource(path);
  if (typeof content === 'string') return { skipped: content };
  try {
    const lines = countLines(content.toString('utf8'), language);
    return { language: language.name, bytes: content.length, lines };
  } catch {
    // it took the lexer too long, or nests too deep for it
    return { skipped: 'too complex' };
  }
}
