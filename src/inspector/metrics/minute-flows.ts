import type { MetricsBucket } from '../../broker/port/broker.js';
import { depthOf, outOf } from './queue-flow.js';

/**
 * The flow of all queues, minute by minute.
 *
 * @internal
 */
export interface MinuteFlows {
  /** the beginning of each minute, by the clock of Redis; the present one last */
  readonly at: readonly Date[];
  /** by name of the queue, a number for each minute */
  readonly queues: ReadonlyMap<string, QueueMinutes>;
}

/**
 * The flow of one queue, minute by minute.
 *
 * @internal
 */
export interface QueueMinutes {
  /** tasks that came in: those that ended and the change of depth; undefined where a sample is missing */
  readonly in: readonly (number | undefined)[];
  /** tasks that ended */
  readonly out: readonly number[];
  /** tasks that waited at the beginning; undefined without a sample */
  readonly depth: readonly (number | undefined)[];
}

/** @param buckets one a minute, the present one last */
export function minuteFlows(buckets: readonly MetricsBucket[]): MinuteFlows {
  const queues = new Map<string, { out: number[]; depth: (number | undefined)[] }>();
  const of = (queue: string): { out: number[]; depth: (number | undefined)[] } => {
    const known = queues.get(queue) ?? { out: buckets.map(() => 0), depth: buckets.map(() => undefined) };
    queues.set(queue, known);
    return known;
  };
  for (const [at, { series, samples }] of buckets.entries()) {
    for (const { queue, counts } of series) {
      const { out } = of(queue);
      out[at] = (out[at] ?? 0) + outOf(counts);
    }
    for (const sample of samples) of(sample.queue).depth[at] = depthOf(sample);
  }
  const flows = [...queues].map(([queue, { out, depth }]) => [queue, { in: cameIn(out, depth), out, depth }] as const);
  return { at: buckets.map(({ at }) => new Date(at)), queues: new Map(flows) };
}

/** Samples are of the beginning of a minute. */
function cameIn(out: readonly number[], depth: readonly (number | undefined)[]): (number | undefined)[] {
  return out.map((ended, at) => {
    const [before, after] = [depth[at], depth[at + 1]];
    return before === undefined || after === undefined ? undefined : Math.max(ended + after - before, 0);
  });
}
