import type { TaskCounts } from '../../task/task-counts.js';
import type { Claimant } from './broker.js';

/** The counts of one task name in one queue. */
export interface TaskSeries {
  readonly queue: string;
  /** `other` for tasks that are in no catalog, and for those for which there is no room */
  readonly task: string;
  readonly counts: TaskCounts;
}

/** The length of a queue at the beginning of a bucket of time. */
export interface QueueSample {
  readonly queue: string;
  readonly pending: number;
  /** pending ones that a limit kept from starting, which are not among the others */
  readonly heldBack: number;
  readonly quarantined: number;
  readonly scheduled: number;
  /** how long its oldest task had waited, or had been due, in ms; of ten minutes the most */
  readonly oldestMs: number;
}

/** The counts of one minute, or of ten. */
export interface MetricsBucket {
  /** its beginning, in ms since 1970 */
  readonly at: number;
  readonly series: readonly TaskSeries[];
  readonly samples: readonly QueueSample[];
}

/** Which buckets to read. */
export interface MetricsRange {
  /** how long a bucket is, in minutes */
  readonly minutes: 1 | 10;
  /** the first and the last bucket, each as a time within it, in ms since 1970 */
  readonly from: number;
  readonly to: number;
}

/** The calls of a child. */
export interface CountingBroker {
  /**
   * Adds counts, at most MOST_FLUSHED series.
   *
   * @param number counts up by one for every flush of the child; the same number is added once, however often it comes
   */
  flush(claimant: Pick<Claimant, 'child'>, number: number, series: readonly TaskSeries[]): Promise<void>;
}

/** The calls of a supervisor. */
export interface SamplingBroker {
  /** Samples queues, each once a minute in the cluster. Resolves to when the next minute begins, in ms from now. */
  sample(queues: readonly string[]): Promise<number>;
}

/** The workers with a lease at one moment. */
export interface Population {
  readonly workers: number;
  /** their registered children */
  readonly children: number;
  /** how many tasks the children of each host hold, those included that they have claimed and not started */
  readonly active: readonly { readonly host: string; readonly tasks: number }[];
}

/** The calls of people and tools. */
export interface MetricsBroker {
  /** The time of Redis, in ms since 1970. */
  now(): Promise<number>;
  /** The buckets of a range one after the other, also those in which nothing was counted. */
  buckets(range: MetricsRange): AsyncIterable<MetricsBucket>;
  /** The counts since the first. */
  totals(): Promise<TaskSeries[]>;
  /** One cheap command for each worker and each child. */
  population(): Promise<Population>;
}
