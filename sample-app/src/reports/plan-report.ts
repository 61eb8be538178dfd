import { BATCH_LIMITS, planBatches } from '../counting/plan-batches.js';
import { addSkipped, type SkippedFiles } from '../counting/skipped-files.js';
import { type SourceFile, sourceFiles } from '../counting/source-files.js';
import type { Plan } from './report.js';

/** Tasks that one task can add to its flow. */
const MOST_BATCHES = 1_000;

/**
 * Walks a directory and cuts its files into batches.
 *
 * @throws the reason of `signal` when it aborts
 */
export async function planReport(directory: string, signal: AbortSignal): Promise<Plan> {
  const skipped: SkippedFiles = {};
  const files: SourceFile[] = [];
  for await (const file of sourceFiles(directory, signal, (reason, path) => addSkipped(skipped, reason, path))) {
    files.push(file);
  }
  return { batches: batchesOf(files).map((batch) => batch.map(({ path }) => path)), skipped };
}

/** Of many files there are larger batches. */
function batchesOf(files: readonly SourceFile[], factor = 1): SourceFile[][] {
  const { files: most, bytes } = BATCH_LIMITS;
  const batches = planBatches(files, { files: most * factor, bytes: bytes * factor });
  return batches.length > MOST_BATCHES ? batchesOf(files, factor * 2) : batches;
}
