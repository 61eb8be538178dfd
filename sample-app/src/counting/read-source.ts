import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SkipReason } from './skipped-files.js';
import { MAX_FILE_BYTES } from './source-files.js';

/** Source text has no NUL in it; git detects binaries by their beginning, too. */
const BINARY_SNIFF_BYTES = 8_000;

/** The file may have changed since the walk: it must not turn out a link to elsewhere, nor a pipe that blocks. */
const READ_PLAIN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The content of a source file, or the reason why it is none. */
export async function readSource(path: string): Promise<Buffer | SkipReason> {
  const file = await open(path, READ_PLAIN_FILE).catch(() => undefined);
  if (!file) return 'unreadable';
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return 'unreadable';
    if (stats.size > MAX_FILE_BYTES) return 'too large';
    const content = await file.readFile();
    return content.subarray(0, BINARY_SNIFF_BYTES).includes(0) ? 'binary' : content;
  } catch {
    return 'unreadable';
  } finally {
    await file.close();
  }
}
