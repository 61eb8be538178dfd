import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/** Linux counts `statm` in pages; 4 KiB wherever Node has prebuilt binaries. */
const PAGE_BYTES = 4_096;

/** Resident memory of a process in bytes; undefined when it is gone, or where there is no /proc. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(pages) * PAGE_BYTES;
  } catch {
    return undefined;
  }
}

/** Memory that this process and its children may take, in bytes: the limit of the container, or all of the machine. */
export function availableBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
