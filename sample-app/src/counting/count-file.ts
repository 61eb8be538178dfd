import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { countLines, type LineCounts } from './count-lines.js';
import { languageOf } from './languages.js';
import type { SkipReason } from './skipped-files.js';
import { MAX_FILE_BYTES } from './source-files.js';

/** One file counted, or the reason why not. */
export type FileCount =
  | { readonly language: string; readonly bytes: number; readonly lines: LineCounts }
  | { readonly skipped: SkipReason };

/** Source text has no NUL in it; looking at the beginning is how git tells binaries, too. */
const BINARY_SNIFF_BYTES = 8_000;

/** The file may have changed since the walk: it must not turn out a link to elsewhere, nor a pipe that blocks. */
const READ_PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Counts one file. A file that cannot be counted is a result, not an error: one odd file must not fail its batch. */
export async function countFile(path: string): Promise<FileCount> {
  const language = languageOf(path);
  if (!language) return { skipped: 'unknown language' };
  const content = await readPlainFile(path);
  if (typeof content === 'string') return { skipped: content };
  if (content.subarray(0, BINARY_SNIFF_BYTES).includes(0)) return { skipped: 'binary' };
  try {
    const lines = countLines(content.toString('utf8'), language);
    return { language: language.name, bytes: content.length, lines };
  } catch {
    // it took the lexer too long, or nests too deep for it
    return { skipped: 'too complex' };
  }
}

async function readPlainFile(path: string): Promise<Buffer | SkipReason> {
  const file = await open(path, READ_PLAIN_FILE).catch(() => undefined);
  if (!file) return 'unreadable';
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return 'unreadable';
    if (stats.size > MAX_FILE_BYTES) return 'too large';
    return await file.readFile();
  } catch {
    return 'unreadable';
  } finally {
    await file.close();
  }
}
