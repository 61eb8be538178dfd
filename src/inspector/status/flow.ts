import type { MetricsBucket } from '../../broker/port/broker.js';
import type { TaskCounts } from '../../task/task-counts.js';
import { depthOf, outOf } from '../metrics/queue-flow.js';
import type { QueueStatus, StatusMinute, StatusThroughput } from './status-report.js';

/** Minutes of an average. */
const MINUTES = 5;

/** @param buckets one a minute, the present one last */
export function throughputOf(buckets: readonly MetricsBucket[]): StatusThroughput {
  const minutes = buckets.map(minuteOf);
  const done = sum(minutes, (minute) => minute.done);
  const failed = sum(minutes, (minute) => minute.failed);
  const whole = minutes.slice(0, -1).slice(-MINUTES);
  const perMinute = whole.length === 0 ? 0 : sum(whole, (minute) => minute.done) / whole.length;
  return { done, failed, failureRate: done + failed === 0 ? 0 : failed / (done + failed), perMinute, minutes };
}

function minuteOf({ at, series }: MetricsBucket): StatusMinute {
  const total = (of: (counts: TaskCounts) => number): number => sum(series, ({ counts }) => of(counts));
  const failed = total((counts) => counts.failed + counts.timedOut + counts.crashed);
  return { at: new Date(at), done: total((counts) => counts.done), failed };
}

/**
 * The tasks that came into a queue and left it, in a minute. A sample is of the beginning of its bucket.
 *
 * @param buckets one a minute, the present one last
 */
export function flowOf(
  queue: string,
  buckets: readonly MetricsBucket[],
): Pick<QueueStatus, 'inPerMinute' | 'outPerMinute'> {
  const recent = buckets.slice(-MINUTES - 1);
  const depths = recent
    .map(({ samples }) => samples.find((sample) => sample.queue === queue))
    .map((sample) => sample && depthOf(sample));
  const outs = recent.map(({ series }) => sum(series, (each) => (each.queue === queue ? outOf(each.counts) : 0)));
  const whole = outs.slice(0, -1);
  const outPerMinute = whole.length === 0 ? 0 : sum(whole, (out) => out) / whole.length;
  const first = depths.findIndex((depth) => depth !== undefined);
  const last = depths.findLastIndex((depth) => depth !== undefined);
  if (last <= first) return { inPerMinute: undefined, outPerMinute };
  const change = (depths[last] ?? 0) - (depths[first] ?? 0);
  const came = sum(outs.slice(first, last), (out) => out) + change;
  return { inPerMinute: Math.max(came, 0) / (last - first), outPerMinute };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
