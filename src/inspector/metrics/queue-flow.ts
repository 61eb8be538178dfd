import type { MetricsBucket, QueueSample } from '../../broker/port/broker.js';
import type { TaskCounts } from '../../task/task-counts.js';
import type { QueueSummary } from './metrics-report.js';

/** How many tasks ended, in any way. */
export function outOf({ done, dropped, dead, cancelled }: TaskCounts): number {
  return done + dropped + dead + cancelled;
}

/** How many tasks wait. */
export function depthOf({ pending, heldBack, quarantined, scheduled }: QueueSample): number {
  return pending + heldBack + quarantined + scheduled;
}

/** The tasks that go in and out of one queue. A sample is of the beginning of its bucket. */
export class QueueFlow {
  private out = 0;
  private between = 0;
  private outSince = 0;
  private first: number | undefined;
  private last: number | undefined;
  private oldestMs: number | undefined;

  constructor(private readonly queue: string) {}

  add({ series, samples }: MetricsBucket): void {
    const sample = samples.find(({ queue }) => queue === this.queue);
    if (sample) this.sampled(sample);
    const ended = series
      .filter(({ queue }) => queue === this.queue)
      .reduce((sum, { counts }) => sum + outOf(counts), 0);
    this.out += ended;
    if (this.first !== undefined) this.outSince += ended;
  }

  /** How many tasks ended between the first sample and the last. */
  get outBetween(): number {
    return this.between;
  }

  get summary(): QueueSummary {
    const { queue, out, first, last, oldestMs, outBetween } = this;
    // one sample shows no change
    const change = first === undefined || last === undefined ? undefined : last - first;
    const came = change === undefined ? undefined : Math.max(outBetween + change, 0);
    return { queue, out, in: came, depth: last ?? first, oldestMs };
  }

  private sampled(sample: QueueSample): void {
    this.between = this.outSince;
    this.oldestMs = Math.max(this.oldestMs ?? 0, sample.oldestMs);
    if (this.first === undefined) this.first = depthOf(sample);
    else this.last = depthOf(sample);
  }
}
