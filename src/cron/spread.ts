import { createHash } from 'node:crypto';

/**
 * A number from 0 to below `size` that hangs on a text alone: the same on every machine, in every version, and spread evenly over different
 * texts.
 *
 * @example
 * spreadOver('DigestTasks.digest minute', 60); // always the same minute
 */
export function spreadOver(text: string, size: number): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) % size;
}
