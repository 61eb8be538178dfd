import { sumOf } from '../counting/count-batch.js';
import type { ReportRow } from '../reports/report.js';
import { formatPlural } from './format-numbers.js';

/** More bars than that are not read. */
const MOST_ROWS = 10;

/** The largest languages, and one row for the rest; a rest of a single language stands for itself. */
export function chartRows(languages: readonly ReportRow[]): readonly ReportRow[] {
  if (languages.length <= MOST_ROWS + 1) return languages;
  const rest = languages.slice(MOST_ROWS);
  const lines = rest.reduce((sum, row) => sum + row.lines, 0);
  const other: ReportRow = { name: formatPlural(rest.length, 'other'), ...sumOf(rest), lines };
  return [...languages.slice(0, MOST_ROWS), other];
}
