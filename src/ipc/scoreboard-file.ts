import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestworkError } from '../errors.js';

/** Directories in which Linux keeps files in memory, and those for other files. */
const PLACES: readonly string[] = ['/dev/shm', tmpdir()];

/**
 * Makes a file without a name, so that nothing is left of it when the processes that have it open are gone, however they end.
 * Memory for files may be full (64 MB in a container), read-only, forbidden or not there: then the next place has to do.
 *
 * @param content written at once, so that no room is lacking when it is written over
 * @param places directories, the best first
 * @returns its descriptor
 * @throws NestworkError NO_SCOREBOARD
 */
export function openScoreboardFile(content: Buffer, places = PLACES): number {
  const failures: string[] = [];
  let cause: unknown;
  for (const place of new Set(places)) {
    try {
      return openIn(place, content);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      failures.push(`${place} (${code ?? message})`);
      cause = error;
    }
  }
  throw new NestworkError(
    'NO_SCOREBOARD',
    `A worker keeps ${content.length} bytes for each child in a file, and can make none in ${failures.join(' nor in ')}.`,
    [
      'Make room in one of these directories, or let the process write there: docker run --shm-size=128m, or --tmpfs /tmp.',
      'Name another one with the environment variable TMPDIR.',
      'If too many files are open (EMFILE, ENFILE), raise the limit: ulimit -n.',
    ],
    { cause },
  );
}

function openIn(place: string, content: Buffer): number {
  const path = join(place, `nestwork-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  try {
    unlinkSync(path);
    for (let written = 0; written < content.length; )
      written += writeSync(fd, content, written, content.length - written, written);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
