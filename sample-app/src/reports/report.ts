import type { BatchCounts, LanguageTotals } from '../counting/count-batch.js';
import type { SkippedFiles } from '../counting/skipped-files.js';

/** The request of a report; the first file of every report. */
export interface ReportRequest {
  /** that of its flow */
  readonly id: string;
  readonly directory: string;
  /** ISO 8601, as JSON has no dates */
  readonly requestedAt: string;
}

/** A task of the report that is dead, and why. */
export interface Failure {
  readonly task: string;
  readonly taskId: string;
  readonly why: string;
}

/** The files that `countFiles` found, and how it cut the work into tasks. */
export interface Plan {
  /** paths inside the directory, a list for each batch */
  readonly batches: readonly (readonly string[])[];
  readonly skipped: SkippedFiles;
}

/** The payload of one `countBatch` task. */
export interface Batch {
  readonly directory: string;
  readonly paths: readonly string[];
}

/** The result of one `countBatch` task. */
export interface BatchResult extends BatchCounts {
  /** the child process that counted it */
  readonly pid: number;
  /** milliseconds since 1970 */
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** Lines of a language, or of everything. */
export interface ReportRow extends LanguageTotals {
  readonly name: string;
  /** code, comments and blanks together */
  readonly lines: number;
}

/** The work of one child process for a report. */
export interface ChildShare {
  readonly pid: number;
  readonly tasks: number;
  readonly files: number;
  /** spent counting */
  readonly milliseconds: number;
}

/** The finished report. */
export interface Report extends ReportRequest {
  readonly total: ReportRow;
  /** most lines first */
  readonly languages: readonly ReportRow[];
  readonly skipped: SkippedFiles;
  readonly work: {
    /** `countBatch` tasks; one more found the files, and one wrote the report */
    readonly tasks: number;
    /** from the first batch begun to the last one finished */
    readonly milliseconds: number;
    readonly tasksPerSecond: number;
    /** busiest first */
    readonly children: readonly ChildShare[];
  };
}
