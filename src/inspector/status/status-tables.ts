import { bar, megabytes, rate } from '../../terminal/figures.js';
import { type Column, timeSpan } from '../../terminal/table.js';
import { count } from '../../values/counted.js';
import { nextOf } from '../cron-bounds.js';
import type { CronInfo } from '../cron-info.js';
import { shortId } from '../workers/worker-place.js';
import type { WorkerReport } from '../workers/worker-report.js';
import { uptimeOf } from '../workers/worker-rows.js';
import type { QueueStatus } from './status-report.js';

type Paint = (text: string) => string;

/** The colours that a table is drawn in. */
export interface Palette {
  readonly red: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
}

const RIGHT = { align: 'right' } as const;
const SHRINKS = { shrinks: true } as const;
const BAR = 16;

/**
 * @param palette none for programs, which get plain numbers
 * @param queues of the table: for people it has held-back tasks only where there are some
 */
export function queueColumns(palette?: Palette, queues: readonly QueueStatus[] = []): Column<QueueStatus>[] {
  const hasHeld = !palette || queues.some(({ heldBack }) => heldBack > 0);
  const held: Column<QueueStatus> = { title: 'HELD', of: ({ heldBack }) => heldBack, ...RIGHT, dispensable: 1 };
  const rateOf = (value: number | undefined): string | number | undefined => {
    if (value === undefined) return palette ? '-' : undefined;
    return palette ? rate(value) : Math.round(value * 100) / 100;
  };
  const painted = palette && { paint: (text: string, queue: QueueStatus) => paintOf(queue, palette)(text) };
  return [
    { title: 'QUEUE', of: ({ queue }) => queue, ...SHRINKS, ...painted },
    { title: 'PENDING', of: ({ pending }) => pending, ...RIGHT },
    ...(hasHeld ? [held] : []),
    { title: 'OLDEST', of: ({ waitingMs }) => timeSpan(waitingMs), ...RIGHT },
    { title: 'IN/MIN', of: ({ inPerMinute }) => rateOf(inPerMinute), ...RIGHT, dispensable: 2 },
    { title: 'OUT/MIN', of: ({ outPerMinute }) => rateOf(outPerMinute), ...RIGHT, dispensable: 1 },
    { title: 'SCHEDULED', of: ({ scheduled }) => scheduled, ...RIGHT, dispensable: 5 },
    { title: 'DEAD', of: ({ dead }) => dead, ...RIGHT, dispensable: 3 },
    { title: 'WORKERS', of: ({ workers }) => workers, ...RIGHT, dispensable: 4 },
    { title: 'STATE', of: stateOf, ...painted },
  ];
}

/** With a bar of its tasks, beside the longest queue. */
export function queueColumnsWithBars(palette: Palette, queues: readonly QueueStatus[]): Column<QueueStatus>[] {
  const longest = Math.max(...queues.map(({ pending }) => pending));
  const columns = queueColumns(palette, queues).filter(({ title }) => title !== 'SCHEDULED');
  const barColumn: Column<QueueStatus> = {
    title: '',
    of: ({ pending }) => bar(longest === 0 ? 0 : pending / longest, BAR),
    paint: (text, queue) => (queue.healthy && !queue.paused ? palette.dim(text) : paintOf(queue, palette)(text)),
    dispensable: 6,
  };
  return columns.toSpliced(2, 0, barColumn);
}

function paintOf({ healthy, paused }: QueueStatus, { red, yellow }: Palette): Paint {
  if (!healthy) return red;
  return paused ? yellow : (text) => text;
}

function stateOf({ healthy, paused, workers, pending, scheduled }: QueueStatus): string {
  if (paused) return 'paused';
  if (workers === 0) return pending + scheduled > 0 ? 'no worker' : 'idle';
  return healthy ? 'ok' : 'late';
}

/** @param palette none for programs */
export function workerColumns(palette?: Palette): Column<WorkerReport>[] {
  const paint = palette && {
    paint: (text: string, { state }: WorkerReport) => (state === 'running' ? text : palette.yellow(text)),
  };
  return [
    { title: 'WORKER', of: ({ id }) => (palette ? shortId(id) : id) },
    { title: 'HOST', of: ({ host }) => host, ...SHRINKS, dispensable: 4 },
    { title: 'PID', of: ({ pid }) => String(pid), ...RIGHT, dispensable: 3 },
    { title: 'UP', of: uptimeOf, ...RIGHT, dispensable: 5 },
    { title: 'CHILDREN', of: ({ forked }) => forked, ...RIGHT },
    { title: 'ACTIVE', of: ({ running }) => running, ...RIGHT },
    { title: 'MB', of: ({ memory }) => megabytes(memory), ...RIGHT, dispensable: 2 },
    { title: 'RESTARTS', of: ({ restarted }) => restarted, ...RIGHT, dispensable: 1 },
    { title: 'STATE', of: ({ state }) => state, ...paint },
  ];
}

export const CRON_COLUMNS: Column<CronInfo>[] = [
  { title: 'CRON', of: ({ name }) => name, ...SHRINKS },
  { title: 'QUEUE', of: ({ queue }) => queue, ...SHRINKS, dispensable: 2 },
  { title: 'NEXT', of: nextOf },
  { title: 'LAST', of: ({ lastRun }) => lastRun?.startedAt, dispensable: 3 },
  { title: 'OUTCOME', of: ({ lastRun }) => lastRun?.outcome, dispensable: 1 },
];

/** So many queues: those that need a look, then those with most tasks. A line about one queue more takes as much room as that queue. */
export function mostNeedy(
  queues: readonly QueueStatus[],
  most: number,
): { readonly first: QueueStatus[]; readonly rest: QueueStatus[] } {
  const rank = ({ healthy, paused }: QueueStatus): number => (healthy ? (paused ? 1 : 2) : 0);
  const sorted = queues.toSorted((a, b) => rank(a) - rank(b) || b.pending - a.pending || (a.queue < b.queue ? -1 : 1));
  const shown = sorted.length === most + 1 ? sorted.length : most;
  return { first: sorted.slice(0, shown), rest: sorted.slice(shown) };
}

/** `and 12 more queues, with 1,204 pending tasks` */
export function restOf(queues: readonly QueueStatus[]): string {
  const pending = queues.reduce((sum, queue) => sum + queue.pending, 0);
  return `and ${count(queues.length)} more queues, with ${count(pending)} pending tasks`;
}
