import type { MetricsBroker, MetricsBucket, Population } from '../../broker/port/broker.js';
import type { Clock } from '../../values/clock.js';

/** A test counts nothing: its tasks run one after the other, and it sees the end of each. */
export class MemoryMetrics implements MetricsBroker {
  constructor(private readonly clock: Clock) {}

  async now(): Promise<number> {
    return this.clock();
  }

  async *buckets(): AsyncGenerator<MetricsBucket> {}

  async totals(): Promise<never[]> {
    return [];
  }

  async population(): Promise<Population> {
    return { workers: 0, children: 0, active: [] };
  }
}
