import type { MetricsBucket } from '../../broker/port/broker.js';
import { failuresOf, type TaskCounts } from '../../task/task-counts.js';
import { outOf, QueueFlow } from '../metrics/queue-flow.js';
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
  const failed = total(failuresOf);
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
  const flow = new QueueFlow(queue);
  for (const bucket of recent) flow.add(bucket);
  const sampled = ({ samples }: MetricsBucket): boolean => samples.some((sample) => sample.queue === queue);
  const minutes = recent.findLastIndex(sampled) - recent.findIndex(sampled);
  const { in: came } = flow.summary;
  // both of the same minutes, or they could not be compared
  if (came !== undefined && minutes > 0) {
    return { inPerMinute: came / minutes, outPerMinute: flow.outBetween / minutes };
  }
  const whole = recent.slice(0, -1);
  const out = sum(whole, ({ series }) => sum(series, (each) => (each.queue === queue ? outOf(each.counts) : 0)));
  return { inPerMinute: undefined, outPerMinute: whole.length === 0 ? 0 : out / whole.length };
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
