import { BUCKETS, countOf, type Histogram } from '../../task/task-counts.js';
import type { TimeSummary } from './metrics-report.js';

/** Percentiles of a histogram. */
export function timeSummary(histogram: Histogram): TimeSummary {
  const count = countOf(histogram);
  const quantile = (share: number): number => Math.round(quantileMs(histogram, share * count) * 1_000) / 1_000;
  return {
    count,
    meanMs: count === 0 ? 0 : histogram.sumUs / count / 1_000,
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    buckets: histogram.buckets.map((number, at) => ({ upToMs: boundMs(at), count: number })),
  };
}

function boundMs(at: number): number | undefined {
  const seconds = BUCKETS[at];
  return seconds === undefined ? undefined : seconds * 1_000;
}

/**
 * The time of so many, as if those of a bucket were spread evenly over it, and no more than the sum of all allows: a single time is
 * itself. Of those beyond the last bound that bound.
 */
function quantileMs({ buckets, sumUs }: Histogram, rank: number): number {
  const least = buckets.reduce((sum, number, at) => sum + number * (BUCKETS[at - 1] ?? 0), 0);
  // by how much all of them together are longer than the lower bounds of their buckets
  const excess = Math.max(sumUs / 1_000_000 - least, 0);
  let below = 0;
  for (const [at, upper] of BUCKETS.entries()) {
    const within = buckets[at] ?? 0;
    const lower = BUCKETS[at - 1] ?? 0;
    if (within > 0 && below + within >= rank) {
      const even = ((upper - lower) * (rank - below)) / within;
      // this one, and those of its bucket that are no shorter
      const longer = below + within - Math.ceil(rank) + 1;
      return (lower + Math.min(even, excess / longer)) * 1_000;
    }
    below += within;
  }
  return below < countOf({ buckets, sumUs: 0 }) ? (BUCKETS.at(-1) ?? 0) * 1_000 : 0;
}
