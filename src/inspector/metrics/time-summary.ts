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

/** The time of so many, as if those of a bucket were spread evenly over it. Of those beyond the last bound that bound. */
function quantileMs({ buckets }: Histogram, rank: number): number {
  let below = 0;
  for (const [at, upper] of BUCKETS.entries()) {
    const within = buckets[at] ?? 0;
    const lower = BUCKETS[at - 1] ?? 0;
    if (within > 0 && below + within >= rank) return (lower + ((upper - lower) * (rank - below)) / within) * 1_000;
    below += within;
  }
  return below < countOf({ buckets, sumUs: 0 }) ? (BUCKETS.at(-1) ?? 0) * 1_000 : 0;
}
