/** Why a file was not counted. */
export type SkipReason = 'symbolic link' | 'unknown language' | 'too large' | 'binary' | 'unreadable' | 'too complex';

/** How many files were skipped for each reason, with a few of their paths. */
export type SkippedFiles = Partial<Record<SkipReason, { files: number; examples: string[] }>>;

const MAX_EXAMPLES = 5;

/** Notes one more file. */
export function addSkipped(skipped: SkippedFiles, reason: SkipReason, path: string): void {
  mergeSkipped(skipped, { [reason]: { files: 1, examples: [path] } });
}

/** Adds the files of `more`. */
export function mergeSkipped(skipped: SkippedFiles, more: SkippedFiles): void {
  for (const [reason, { files, examples }] of Object.entries(more)) {
    const entry = skipped[reason as SkipReason] ?? { files: 0, examples: [] };
    skipped[reason as SkipReason] = entry;
    entry.files += files;
    entry.examples = [...entry.examples, ...examples].slice(0, MAX_EXAMPLES);
  }
}
