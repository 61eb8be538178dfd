import { addTo, type LanguageTotals, sumOf } from '../counting/count-batch.js';
import { mergeSkipped, type SkippedFiles } from '../counting/skipped-files.js';
import type { BatchResult, ChildShare, Plan, Report, ReportRequest, ReportRow } from './report.js';

/** Adds up the batches. */
export function mergeResults(request: ReportRequest, plan: Plan, results: readonly BatchResult[]): Report {
  const languages: Record<string, LanguageTotals> = {};
  const skipped: SkippedFiles = {};
  mergeSkipped(skipped, plan.skipped);
  for (const result of results) {
    mergeSkipped(skipped, result.skipped);
    for (const [language, totals] of Object.entries(result.languages)) addTo(languages, language, totals);
  }
  return {
    ...request,
    ...rowsOf(languages),
    skipped,
    work: workOf(results),
  };
}

/** Totals by language as rows, and all of them together. */
export function rowsOf(languages: Readonly<Record<string, LanguageTotals>>): Pick<Report, 'total' | 'languages'> {
  return {
    total: toRow('Total', sumOf(Object.values(languages))),
    languages: Object.entries(languages)
      .map(([name, totals]) => toRow(name, totals))
      .sort(mostLinesFirst),
  };
}

function toRow(name: string, totals: LanguageTotals): ReportRow {
  return { name, ...totals, lines: totals.code + totals.comments + totals.blanks };
}

function mostLinesFirst(a: ReportRow, b: ReportRow): number {
  return b.lines - a.lines || (a.name < b.name ? -1 : 1);
}

function workOf(results: readonly BatchResult[]): Report['work'] {
  const begun = results.reduce((first, { startedAt }) => Math.min(first, startedAt), Number.POSITIVE_INFINITY);
  const ended = results.reduce((last, { finishedAt }) => Math.max(last, finishedAt), 0);
  // at least a millisecond, as clocks are coarse and can be set back
  const milliseconds = results.length > 0 ? Math.max(1, ended - begun) : 0;
  return {
    tasks: results.length,
    milliseconds,
    tasksPerSecond: results.length > 0 ? (results.length * 1_000) / milliseconds : 0,
    children: sharesOf(results),
  };
}

function sharesOf(results: readonly BatchResult[]): ChildShare[] {
  const shares = new Map<number, ChildShare>();
  for (const { pid, startedAt, finishedAt, languages } of results) {
    const share = shares.get(pid) ?? { pid, tasks: 0, files: 0, milliseconds: 0 };
    shares.set(pid, {
      pid,
      tasks: share.tasks + 1,
      files: share.files + Object.values(languages).reduce((sum, { files }) => sum + files, 0),
      milliseconds: share.milliseconds + finishedAt - startedAt,
    });
  }
  return [...shares.values()].sort((a, b) => b.tasks - a.tasks || a.pid - b.pid);
}
