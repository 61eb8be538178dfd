import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The directory of the files that the app makes: CODE_STATS_DATA, or a directory of this user among the temporary ones. */
export function dataDirectory(): string {
  return process.env.CODE_STATS_DATA ?? join(tmpdir(), `code-stats-${process.getuid?.() ?? 'data'}`);
}
