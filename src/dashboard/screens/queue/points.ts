import type { Inspector } from '../../../inspector/inspector.js';
import type { RatePoint } from '../../../inspector/metrics/metrics-report.js';
import type { QueueChart } from './wire.js';

const HOUR_MS = 3_600_000;

/** How far a chart looks back. */
export type Span = 'hour' | 'day' | 'week';

/** Points of so many minutes each: a chart of a week has 168. */
const SPANS: Readonly<Record<Span, { readonly backMs: number; readonly minutes: number }>> = {
  hour: { backMs: HOUR_MS, minutes: 1 },
  day: { backMs: 24 * HOUR_MS, minutes: 10 },
  week: { backMs: 168 * HOUR_MS, minutes: 60 },
};

/** Counts of a queue or a task, a point a minute, ten minutes or an hour. Numbers of what flows are those of one minute. */
export async function chartOf(
  { metrics }: Pick<Inspector, 'metrics'>,
  span: Span,
  filter: { readonly queue?: string; readonly task?: string },
): Promise<QueueChart> {
  const { backMs, minutes } = SPANS[span];
  const rates = await metrics.rates({ from: new Date(Date.now() - backMs), ...filter });
  const groups = grouped(rates.points, minutes / rates.minutes);
  return {
    at: groups.map(([first]) => first?.at.getTime() ?? 0),
    in: groups.map((points) => sumKnown(points, (point) => point.in, minutes)),
    out: groups.map((points) => sum(points, (point) => point.out) / minutes),
    waiting: groups.map((points) => points.find(({ depth }) => depth !== undefined)?.depth ?? null),
    oldestMs: groups.map((points) => most(points, ({ oldestMs }) => oldestMs)),
    failed: groups.map(
      (points) => sum(points, ({ failed, timedOut, crashed }) => failed + timedOut + crashed) / minutes,
    ),
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
