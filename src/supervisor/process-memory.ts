import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';

/** Resident memory of a process in bytes; undefined when it is gone, or where there is no /proc. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    return undefined;
  }
}

/** Memory that this process and its children may take, in bytes: the limit of the container, or all of the machine. */
export function availableBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
