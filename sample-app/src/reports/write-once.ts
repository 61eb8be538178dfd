import { randomUUID } from 'node:crypto';
import { link, mkdir, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file that is either not there or whole, and that never changes: the first of several writers wins, also
 * when they write at the same instant. That makes a task safe to run twice.
 */
export async function writeOnce(path: string, content: string | Buffer): Promise<void> {
  const draft = await writeDraft(path, content);
  try {
    // unlike a rename, a link does not replace a file
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
}

/** Writes a file that is always whole and may change: the last of several writers wins. */
export async function replaceFile(path: string, content: string): Promise<void> {
  await rename(await writeDraft(path, content), path);
}

async function writeDraft(path: string, content: string | Buffer): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.draft`;
  await writeFile(draft, content);
  return draft;
}
