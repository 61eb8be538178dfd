import type { MetricsBucket, QueueSample, TaskSeries } from '../../broker/port/broker.js';
import { addCounts, noCounts, TASK_COUNTERS, type TaskCounters, type TaskCounts } from '../../task/task-counts.js';
import type { MetricsFilter, QueueRates, RatePoint, TaskSummary } from './metrics-report.js';
import { depthOf, outOf } from './queue-flow.js';
import { timeSummary } from './time-summary.js';

export function matches(series: TaskSeries, { task, queue }: MetricsFilter): boolean {
  return (task === undefined || series.task === task) && (queue === undefined || series.queue === queue);
}

export function countersOf(counts: TaskCounts): TaskCounters {
  return Object.fromEntries(TASK_COUNTERS.map((counter) => [counter, counts[counter]])) as unknown as TaskCounters;
}

export function timesOf({ duration, waiting }: TaskCounts): Pick<TaskSummary, 'duration' | 'waiting'> {
  return { duration: timeSummary(duration), waiting: timeSummary(waiting) };
}

/** Puts so many neighbours together. Samples are of the beginning, so the first of a queue counts. */
export function joinedBuckets(buckets: readonly MetricsBucket[], size: number): readonly MetricsBucket[] {
  if (size === 1) return buckets;
  const joined: MetricsBucket[] = [];
  for (let first = 0; first < buckets.length; first += size) {
    const group = buckets.slice(first, first + size);
    const samples = new Map<string, QueueSample>();
    for (const sample of group.flatMap((bucket) => bucket.samples)) {
      const known = samples.get(sample.queue) ?? sample;
      samples.set(sample.queue, { ...known, oldestMs: Math.max(known.oldestMs, sample.oldestMs) });
    }
    const series = group.flatMap((bucket) => bucket.series);
    joined.push({ at: group[0]?.at ?? 0, series, samples: [...samples.values()] });
  }
  return joined;
}

/** The points of all queues together, and of each. */
export function ratesOf(
  buckets: readonly MetricsBucket[],
  filter: MetricsFilter,
): { readonly points: readonly RatePoint[]; readonly queues: readonly QueueRates[] } {
  const queues = new Map<string, Flow[]>();
  const flowsOf = (queue: string): Flow[] => {
    const flows = queues.get(queue) ?? buckets.map((): Flow => ({ out: 0, depth: undefined }));
    queues.set(queue, flows);
    return flows;
  };
  const points = buckets.map((bucket, i) => {
    const series = bucket.series.filter((each) => matches(each, filter));
    // only whole queues have a number of tasks that wait
    const samples =
      filter.task === undefined
        ? bucket.samples.filter(({ queue }) => filter.queue === undefined || queue === filter.queue)
        : [];
    for (const { queue, counts } of series) at(flowsOf(queue), i).out += outOf(counts);
    for (const sample of samples) at(flowsOf(sample.queue), i).depth = depthOf(sample);
    return pointOf(bucket.at, series, samples);
  });
  const named = [...queues].sort(([a], [b]) => (a < b ? -1 : 1));
  return { points: withIn(points), queues: named.map(([queue, flows]) => ({ queue, points: withIn(flows) })) };
}

interface Flow {
  out: number;
  depth: number | undefined;
}

function at(flows: readonly Flow[], index: number): Flow {
  return flows[index] as Flow;
}

function pointOf(time: number, series: readonly TaskSeries[], samples: readonly QueueSample[]): Omit<RatePoint, 'in'> {
  const sum = noCounts();
  for (const each of series) addCounts(sum, each.counts);
  const isKnown = samples.length > 0;
  return {
    at: new Date(time),
    ...countersOf(sum),
    out: outOf(sum),
    depth: isKnown ? samples.reduce((depth, sample) => depth + depthOf(sample), 0) : undefined,
    oldestMs: isKnown ? Math.max(...samples.map(({ oldestMs }) => oldestMs)) : undefined,
    ...timesOf(sum),
  };
}

/** What came in follows from what went out and the change of the depth. Samples are of the beginning of a point. */
function withIn<T extends Pick<RatePoint, 'out' | 'depth'>>(points: readonly T[]): (T & Pick<RatePoint, 'in'>)[] {
  return points.map((point, i) => {
    const next = points[i + 1]?.depth;
    const isKnown = point.depth !== undefined && next !== undefined;
    return { ...point, in: isKnown ? Math.max(point.out + next - point.depth, 0) : undefined };
  });
}
