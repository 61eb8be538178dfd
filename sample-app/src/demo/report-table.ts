import { formatCount, formatPlural } from '../chart/format-numbers.js';
import type { Report, ReportRow } from '../reports/report.js';
import { bar, paint } from './terminal.js';

const HEADINGS = ['Language', 'Files', 'Code', 'Comments', 'Blank', 'Lines'];
const NAME_WIDTH = 18;
const NUMBER_WIDTH = 11;

/** The report as a table, a line each. */
export function reportTable(report: Report): string[] {
  const rule = paint('gray', '─'.repeat(NAME_WIDTH + NUMBER_WIDTH * (HEADINGS.length - 1)));
  return [
    paint('bold', columns(HEADINGS)),
    rule,
    ...report.languages.map((row) => columns(cells(row))),
    rule,
    paint('bold', columns(cells(report.total))),
  ];
}

/** The work of each child, one line each. */
export function workLines({ work, total }: Report): string[] {
  const seconds = work.milliseconds / 1_000;
  const rate = `${formatCount(work.tasksPerSecond)} tasks and ${formatCount(total.files / (seconds || 1))} files a second`;
  return [
    `${formatPlural(work.tasks, 'task')} in ${seconds.toFixed(1)} s: ${paint('bold', rate)}`,
    ...work.children.map((child) => {
      const facts = `${formatPlural(child.tasks, 'task')}, ${formatPlural(child.files, 'file')}`;
      const busy = `${(child.milliseconds / 1_000).toFixed(1)} s of work`;
      return `child ${String(child.pid).padEnd(8)}${bar(child.tasks / work.tasks, 20)}  ${facts}, ${busy}`;
    }),
  ];
}

/** The files that were not counted, in one line. */
export function skippedLine({ skipped }: Report): string {
  const reasons = Object.entries(skipped).sort(([, a], [, b]) => b.files - a.files);
  const list = reasons.map(([reason, { files }]) => `${reason} ${formatCount(files)}`);
  return `Left out: ${list.join(' · ') || 'nothing'}`;
}

function cells({ name, files, code, comments, blanks, lines }: ReportRow): string[] {
  return [name, ...[files, code, comments, blanks, lines].map(formatCount)];
}

function columns([name = '', ...numbers]: readonly string[]): string {
  return name.padEnd(NAME_WIDTH) + numbers.map((number) => number.padStart(NUMBER_WIDTH)).join('');
}
