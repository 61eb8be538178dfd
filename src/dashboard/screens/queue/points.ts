import type { Inspector } from '../../../inspector/inspector.js';
import type { RatePoint } from '../../../inspector/metrics/metrics-report.js';
import { failuresOf } from '../../../task/task-counts.js';
import { SPAN_MS, type Span } from '../../http/span.js';
import type { QueueChart } from './wire.js';

/** Minutes of a point: a chart of a week has 168. */
const MINUTES: Readonly<Record<Span, number>> = { hour: 1, day: 10, week: 60 };

/** Counts of a queue or a task, a point a minute, ten minutes or an hour. Numbers of what flows are those of one minute. */
export async function chartOf(
  { metrics }: Pick<Inspector, 'metrics'>,
  span: Span,
  filter: { readonly queue?: string; readonly task?: string },
): Promise<QueueChart> {
  const minutes = MINUTES[span];
  const rates = await metrics.rates({ from: new Date(Date.now() - SPAN_MS[span]), ...filter });
  const groups = grouped(rates.points, minutes / rates.minutes);
  return {
    at: groups.map(([first]) => first?.at.getTime() ?? 0),
    in: groups.map((points) => sumKnown(points, (point) => point.in, minutes)),
    out: groups.map((points) => sum(points, (point) => point.out) / minutes),
    waiting: groups.map((points) => points.find(({ depth }) => depth !== undefined)?.depth ?? null),
    oldestMs: groups.map((points) => most(points, ({ oldestMs }) => oldestMs)),
    failed: groups.map((points) => sum(points, failuresOf) / minutes),
    dead: groups.map((points) => sum(points, ({ dead }) => dead) / minutes),
  };
}

function grouped<T>(all: readonly T[], size: number): T[][] {
  if (size <= 1) return all.map((one) => [one]);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}

function sum(points: readonly RatePoint[], of: (point: RatePoint) => number): number {
  return points.reduce((total, point) => total + of(point), 0);
}

/** Unknown where a part of it is. */
function sumKnown(
  points: readonly RatePoint[],
  of: (point: RatePoint) => number | undefined,
  minutes: number,
): number | null {
  return points.some((point) => of(point) === undefined) ? null : sum(points, (point) => of(point) ?? 0) / minutes;
}

function most(points: readonly RatePoint[], of: (point: RatePoint) => number | undefined): number | null {
  const known = points.flatMap((point) => of(point) ?? []);
  return known.length === 0 ? null : Math.max(...known);
}
