import type { MetricsSummary, TaskSummary } from '../../../inspector/metrics/metrics-report.js';
import { failuresOf } from '../../../task/task-counts.js';
import type { Duration } from '../../../values/duration.js';
import { textIn } from '../../http/input.js';
import { type Call, type Route, read } from '../../http/route.js';
import { type Span, spanIn } from '../../http/span.js';
import { chartOf } from '../queue/points.js';
import type { NameAnswer, NameLine, NamesAnswer } from './wire.js';

const LAST: Readonly<Record<Span, Duration>> = { hour: '1h', day: '1d', week: '7d' };
/** By span, in ms: a week is many counts, and changes slowly. */
const KEPT_MS: Readonly<Record<Span, number>> = { hour: 10_000, day: 60_000, week: 300_000 };

export const NAMES_ROUTES: readonly Route[] = [
  read('names', async (call): Promise<NamesAnswer> => {
    const [{ tasks }, known] = await Promise.all([
      summaryOf(call, spanIn(call.query)),
      call.live.shared.read(['task names'], () => call.inspector.tasks.names(), KEPT_MS.hour),
    ]);
    const counted = new Set(tasks.map(({ task }) => task));
    return { ...linesOf(tasks), idle: known.filter((name) => !counted.has(name)) };
  }),
  read('name', async (call): Promise<NameAnswer> => {
    const [task, span] = [textIn(call.query, 'task'), spanIn(call.query)];
    const { inspector, live } = call;
    const [{ tasks }, chart] = await Promise.all([
      summaryOf(call, span),
      live.shared.read(['chart', span, { task }], () => chartOf(inspector, span, { task }), KEPT_MS[span]),
    ]);
    return { ...linesOf(tasks.filter((each) => each.task === task)), chart };
  }),
];

function summaryOf({ inspector, live }: Call, span: Span): Promise<MetricsSummary> {
  return live.shared.read(['names', span], () => inspector.metrics.summary({ last: LAST[span] }), KEPT_MS[span]);
}

function linesOf(tasks: readonly TaskSummary[]): Pick<NamesAnswer, 'upToMs' | 'names'> {
  const upToMs = tasks[0]?.duration.buckets.map((bucket) => bucket.upToMs ?? null) ?? [];
  return { upToMs, names: tasks.map(lineOf) };
}

function lineOf({ duration, waiting, failed, timedOut, crashed, ...summary }: TaskSummary): NameLine {
  const [{ buckets, ...times }, { buckets: _, ...waits }] = [duration, waiting];
  return {
    ...summary,
    failed: failuresOf({ failed, timedOut, crashed }),
    timedOut,
    crashed,
    duration: times,
    waiting: waits,
    counts: buckets.map(({ count }) => count),
  };
}
