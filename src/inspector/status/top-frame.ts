import { ago, megabytes } from '../../terminal/figures.js';
import { clipLine, spread } from '../../terminal/frame.js';
import { type Column, drawTable } from '../../terminal/table.js';
import { count, counted } from '../../values/counted.js';
import type { WorkerReport } from '../workers/worker-report.js';
import { type TaskRow, taskRows } from '../workers/worker-rows.js';
import { outageLine } from './outage-line.js';
import { headline, throughputLines, type Viewer } from './status-parts.js';
import type { StatusReport } from './status-report.js';
import { mostNeedy, queueColumnsWithBars, restOf } from './status-tables.js';

/** How the rows are sorted. */
export type TopSort = 'time' | 'worker';

/** The choices made by keys. */
export interface TopView {
  readonly sort: TopSort;
  /** rows above the first one shown */
  readonly offset: number;
  readonly frozen: boolean;
  readonly outage?: Error | undefined;
}

/** A drawn screen, and how far its rows go. */
export interface TopFrame {
  readonly lines: readonly string[];
  /** rows that are shown at once */
  readonly page: number;
  readonly rows: number;
}

const RIGHT = { align: 'right' } as const;
/** Below this height only the rows are shown. */
const SHORT_SCREEN = 12;
/** The part of a screen that the queues may take. */
const QUEUES = 0.3;

/** Draws the screen of `top`. */
export function topFrame(report: StatusReport, view: TopView, viewer: Viewer & { readonly height: number }): TopFrame {
  const { height } = viewer;
  const head =
    height < SHORT_SCREEN
      ? headLines(report, view, viewer).slice(0, view.outage ? 2 : 1)
      : headOf(report, view, viewer);
  const rows = sorted(report.workers.flatMap(taskRows), view.sort);
  // the title of the columns and the line of keys
  const page = Math.max(height - head.length - 2, 1);
  const offset = Math.max(Math.min(view.offset, rows.length - page), 0);
  const shown = rows.slice(offset, offset + page);
  const body =
    rows.length === 0 ? ['No worker runs.'] : drawTable(shown, columnsOf(report, viewer), viewer).split('\n');
  const lines = [...head, ...body].slice(0, height - 1);
  const gap = Array.from({ length: Math.max(height - 1 - lines.length, 0) }, () => '');
  return {
    lines: [...lines, ...gap, keysLine(view, { offset, shown: shown.length, rows: rows.length }, viewer)],
    page,
    rows: rows.length,
  };
}

function headOf(report: StatusReport, view: TopView, viewer: Viewer & { readonly height: number }): string[] {
  const queues = queueLines(report, viewer, Math.max(Math.floor(viewer.height * QUEUES) - 2, 1));
  return [
    ...headLines(report, view, viewer),
    ...throughputLines(report, viewer),
    '',
    ...queues,
    ...(queues.length > 0 ? [''] : []),
    clipLine(viewer.paint.dim(totalOf(report)), viewer.width),
  ];
}

/** Whether all is well, then the first finding or the outage. */
function headLines(report: StatusReport, { outage }: TopView, viewer: Viewer): string[] {
  const { paint, width } = viewer;
  const first = headline(report, viewer);
  if (outage) return [first, clipLine(outageLine(outage, report.at, paint), width)];
  const [finding, ...more] = report.findings;
  if (!finding) return [first];
  const rest = more.length === 0 ? '' : paint.dim(`  (1 of ${count(more.length + 1)}; status has all)`);
  return [first, clipLine(`  ${finding.text}${rest}`, width)];
}

function queueLines({ queues }: StatusReport, viewer: Viewer, most: number): string[] {
  if (queues.length === 0) return [];
  const { first, rest } = mostNeedy(queues, most);
  const columns = queueColumnsWithBars(viewer.paint, queues);
  const table = drawTable(first, columns, viewer).split('\n');
  return rest.length > 0 ? [...table, clipLine(viewer.paint.dim(restOf(rest)), viewer.width)] : table;
}

function totalOf({ workers }: StatusReport): string {
  const sum = (of: (worker: WorkerReport) => number): number =>
    workers.reduce((total, worker) => total + of(worker), 0);
  const memory = count(megabytes(sum(({ memory }) => memory)));
  const parts = [
    counted(workers.length, 'worker'),
    counted(
      sum(({ forked }) => forked),
      'child',
      'children',
    ),
  ];
  return [...parts, `${count(sum(({ running }) => running))} active`, `${memory} MB`].join(', ');
}

/** By worker they are in order. */
function sorted(rows: readonly TaskRow[], sort: TopSort): readonly TaskRow[] {
  if (sort === 'worker') return rows;
  const since = ({ task }: TaskRow): number => task?.since.getTime() ?? Number.MAX_SAFE_INTEGER;
  return rows.toSorted((a, b) => since(a) - since(b));
}

function columnsOf({ at }: StatusReport, { paint }: Viewer): Column<TaskRow>[] {
  const lively = (text: string, { task }: TaskRow): string => (task ? text : paint.dim(text));
  return [
    { title: 'FOR', of: ({ task }) => (task ? ago(Math.max(at.getTime() - task.since.getTime(), 0)) : '-'), ...RIGHT },
    { title: 'TASK', of: ({ task }) => (task ? (task.name ?? '?') : '-'), shrinks: 14, paint: lively },
    { title: 'ID', of: ({ task }) => task?.id ?? '', dispensable: 2 },
    { title: 'CHILD', of: ({ child }) => (child ? String(child.pid) : '-'), ...RIGHT },
    {
      title: 'MB',
      of: ({ child }) => (child?.memory === undefined ? '-' : megabytes(child.memory)),
      ...RIGHT,
      dispensable: 1,
    },
    {
      title: 'STATE',
      of: ({ worker, child }) => (worker.state === 'running' ? (child?.state ?? 'no child') : worker.state),
      paint: (text) => (text === 'running' ? text : paint.yellow(text)),
      dispensable: 4,
    },
    { title: 'WORKER', of: ({ worker }) => `${worker.host}:${worker.pid}`, shrinks: 14, dispensable: 3 },
  ];
}

function keysLine(
  { sort, frozen }: TopView,
  { offset, shown, rows }: { readonly offset: number; readonly shown: number; readonly rows: number },
  { paint, width }: Viewer,
): string {
  const range = shown < rows ? `${count(offset + 1)}-${count(offset + shown)} of ${count(rows)}` : '';
  const others = `q quit  ↑↓ scroll  s by ${sort === 'time' ? 'worker' : 'time'}`;
  return spread(
    `${paint.dim(others)}  ${frozen ? paint.yellow('p go on') : paint.dim('p freeze')}`,
    paint.dim(range),
    width,
  );
}
