import type { SourceFile } from './source-files.js';

/**
 * The work of one task: some 10 to 50 ms of work, long enough to be worth a task, short enough to spread evenly. As
 * many paths as that also fit into a message when every one of them is as long as a path can be.
 */
export const BATCH_LIMITS = { files: 32, bytes: 100_000 };

/**
 * Cuts a list of files into batches, in order; a file larger than the limit is a batch of its own.
 *
 * @example
 * planBatches(files, { files: 2, bytes: 100 }); // [[a, b], [c]]
 */
export function planBatches(files: Iterable<SourceFile>, limits = BATCH_LIMITS): SourceFile[][] {
  const batches: SourceFile[][] = [];
  let batch: SourceFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (batch.length === limits.files || bytes + file.bytes > limits.bytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.bytes;
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}
