import { planBatches } from '../counting/plan-batches.js';
import { addSkipped, type SkippedFiles } from '../counting/skipped-files.js';
import { type SourceFile, sourceFiles } from '../counting/source-files.js';
import type { Plan } from './report.js';

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
  return { batches: planBatches(files).map((batch) => batch.map(({ path }) => path)), skipped };
}
