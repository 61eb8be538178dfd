import type { ChartData } from '../chart/render-chart.js';
import { addTo, type LanguageTotals } from '../counting/count-batch.js';
import { rowsOf } from '../reports/merge-results.js';
import type { Report } from '../reports/report.js';

/** Adds up reports; of a directory that was counted several times the latest one counts. */
export function addReports(reports: readonly Report[]): ChartData & { readonly directories: number } {
  const inOrder = [...reports].sort((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1));
  const latest = new Map(inOrder.map((report) => [report.directory, report]));
  const languages: Record<string, LanguageTotals> = {};
  for (const report of latest.values()) {
    for (const { name, ...totals } of report.languages) addTo(languages, name, totals);
  }
  return { id: 'overview', directory: '/', directories: latest.size, ...rowsOf(languages) };
}
