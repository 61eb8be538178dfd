import { clipLine } from '../../terminal/frame.js';
import type { Output } from '../../terminal/output.js';
import { type Column, drawTable } from '../../terminal/table.js';
import { count } from '../../values/counted.js';
import type { CronInfo } from '../cron-info.js';
import { findingLines, headline, throughputLines, type Viewer } from './status-parts.js';
import type { StatusFinding, StatusReport } from './status-report.js';
import { CRON_COLUMNS, mostNeedy, queueColumns, restOf, workerColumns } from './status-tables.js';

/** One screenful has so many of each at most; JSON and pipes have all. */
const MOST = { findings: 8, queues: 15, workers: 15, crons: 5 } as const;

const FINDING_COLUMNS: Column<StatusFinding>[] = [
  { title: 'SEVERITY', of: ({ severity }) => severity },
  { title: 'CODE', of: ({ code }) => code },
  { title: 'FINDING', of: ({ text }) => text },
  { title: 'COMMAND', of: ({ command }) => command.join(' ') },
];

/** A status for a person, in blocks with an empty line between them. */
export function statusLines(report: StatusReport, viewer: Viewer): string[] {
  const blocks = [
    [headline(report, viewer)],
    findingsBlock(report, viewer),
    throughputLines(report, viewer),
    queuesBlock(report, viewer),
    workersBlock(report, viewer),
    cronsBlock(report.crons, viewer),
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ['', ...block]));
  return lines.map((line) => clipLine(line, viewer.width));
}

/** A status for a program that reads lines, in the same blocks: whether all is well, then tables with tabs. */
export function writeStatus(report: StatusReport, out: Output): void {
  const { findings, queues, workers, crons, throughput, dead } = report;
  out.line(`${report.healthy ? 'healthy' : 'problems'}\t${report.at.toISOString()}`);
  const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void => {
    if (rows.length === 0) return;
    out.line('');
    out.table(rows, columns, '');
  };
  table(findings, FINDING_COLUMNS);
  table(
    [throughput],
    [
      { title: 'DONE', of: ({ done }) => done },
      { title: 'FAILED', of: ({ failed }) => failed },
      { title: 'FAILURE-RATE', of: ({ failureRate }) => Math.round(failureRate * 10_000) / 10_000 },
      { title: 'PER-MINUTE', of: ({ perMinute }) => Math.round(perMinute * 100) / 100 },
      { title: 'DIED', of: () => dead.lastHour },
    ],
  );
  table(queues, queueColumns());
  table(workers, workerColumns());
  table(crons, CRON_COLUMNS);
}

function findingsBlock({ findings }: StatusReport, viewer: Viewer): string[] {
  const lines = findings.slice(0, MOST.findings).flatMap((finding) => findingLines(finding, viewer));
  const more = findings.length - MOST.findings;
  return more > 0 ? [...lines, viewer.paint.dim(`  and ${count(more)} more; --json has all`)] : lines;
}

function queuesBlock({ queues }: StatusReport, viewer: Viewer): string[] {
  if (queues.length === 0) return [];
  const { first, rest } = mostNeedy(queues, MOST.queues);
  const table = drawTable(first, queueColumns(viewer.paint, queues), viewer).split('\n');
  return rest.length > 0 ? [...table, viewer.paint.dim(restOf(rest))] : table;
}

function workersBlock({ workers }: StatusReport, viewer: Viewer): string[] {
  if (workers.length === 0) return [];
  const table = drawTable(workers.slice(0, MOST.workers), workerColumns(viewer.paint), viewer).split('\n');
  const more = workers.length - MOST.workers;
  return more > 0 ? [...table, viewer.paint.dim(`and ${count(more)} more workers`)] : table;
}

/** Those that are due next. */
function cronsBlock(crons: readonly CronInfo[], viewer: Viewer): string[] {
  const due = crons
    .filter(({ nextRun }) => nextRun !== undefined)
    .sort((a, b) => Number(a.nextRun) - Number(b.nextRun))
    .slice(0, MOST.crons);
  return due.length === 0 ? [] : drawTable(due, CRON_COLUMNS, viewer).split('\n');
}
