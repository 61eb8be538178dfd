import type { BatchResult, Report, ReportRow } from '../../sample-app/src/reports/report.js';

/** A row of a report. */
export function row(name: string, code: number, comments = 0, blanks = 0): ReportRow {
  return { name, files: 1, bytes: code * 30, code, comments, blanks, lines: code + comments + blanks };
}

/** A finished report on some directory. */
export function reportOn(directory: string, languages: readonly ReportRow[]): Report {
  const sum = (field: Exclude<keyof ReportRow, 'name'>) => languages.reduce((total, one) => total + one[field], 0);
  return {
    id: '00000000000000000000',
    directory,
    requestedAt: '2026-01-01T00:00:00.000Z',
    total: { ...row('Total', sum('code'), sum('comments'), sum('blanks')), files: sum('files') },
    languages,
    skipped: {},
    work: { tasks: 0, milliseconds: 0, tasksPerSecond: 0, children: [] },
  };
}

/** The result that a task writes for a batch of a single file. */
export function resultOf(language: string, code: number, more: Partial<BatchResult> = {}): BatchResult {
  return {
    pid: 1,
    startedAt: 1_000,
    finishedAt: 1_010,
    languages: { [language]: { files: 1, bytes: code * 10, code, comments: 0, blanks: 0 } },
    skipped: {},
    ...more,
  };
}
