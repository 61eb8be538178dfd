import type { Inspector } from '../../../inspector/inspector.js';
import type { QueueRates, RatePoint, TimeSummary } from '../../../inspector/metrics/metrics-report.js';
import { SPAN_MS, type Span } from '../../http/span.js';
import type { History, Line, QueueHistory } from './wire.js';

/** More are not seen in the width of a chart. */
const POINTS = 170;
/** Queues whose lines are sent: a page shows no more of them at once. */
const QUEUES = 40;

/** The counts of the last hour, day or week, as charts draw them. */
export async function readHistory(inspector: Pick<Inspector, 'metrics'>, span: Span): Promise<History> {
  // the point that has only begun comes on top, and is left out
  const from = new Date(Date.now() - SPAN_MS[span]);
  const rates = await inspector.metrics.rates({ from, points: POINTS + 1 });
  const { minutes } = rates;
  const points = rates.points.slice(0, -1);
  const perMinute = (value: number | undefined): number | null =>
    rounded(value === undefined ? undefined : value / minutes);
  const line = (of: (point: RatePoint) => number | null): Line => points.map(of);
  return {
    first: points[0]?.at.getTime() ?? from.getTime(),
    minutes,
    in: line((point) => perMinute(point.in)),
    out: line((point) => perMinute(point.out)),
    dead: line(({ dead }) => dead),
    run50: line(({ duration }) => timeOf(duration, 'p50Ms')),
    run99: line(({ duration }) => timeOf(duration, 'p99Ms')),
    wait99: line(({ waiting }) => timeOf(waiting, 'p99Ms')),
    queues: largest(rates.queues).map((queue) => queueOf(queue, perMinute)),
  };
}

function largest(queues: readonly QueueRates[]): readonly QueueRates[] {
  const sizes = new Map(queues.map((each) => [each, sizeOf(each)]));
  const size = (each: QueueRates): number => sizes.get(each) ?? 0;
  return [...queues]
    .sort((a, b) => size(b) - size(a))
    .slice(0, QUEUES)
    .sort((a, b) => (a.queue < b.queue ? -1 : 1));
}

function sizeOf({ points }: QueueRates): number {
  return points.reduce((sum, { out, depth = 0 }) => sum + out + depth, 0);
}

function queueOf({ queue, points }: QueueRates, perMinute: (value: number | undefined) => number | null): QueueHistory {
  const whole = points.slice(0, -1);
  return {
    queue,
    depth: whole.map(({ depth }) => depth ?? null),
    in: whole.map((point) => perMinute(point.in)),
    out: whole.map((point) => perMinute(point.out)),
  };
}

/** Without a single time there is no percentile. */
function timeOf(times: TimeSummary, name: 'p50Ms' | 'p99Ms'): number | null {
  return times.count === 0 ? null : rounded(times[name]);
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 100) / 100;
}
