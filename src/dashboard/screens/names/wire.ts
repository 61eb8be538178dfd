import type { TaskSummary, TimeSummary } from '../../../inspector/metrics/metrics-report.js';
import type { Json } from '../../wire.js';
import type { QueueChart } from '../queue/wire.js';

type Times = Json<Omit<TimeSummary, 'buckets'>>;

/** A task name in one queue. */
export interface NameLine
  extends Pick<TaskSummary, 'task' | 'queue' | 'started' | 'done' | 'retried' | 'dead' | 'cancelled' | 'dropped'> {
  /** attempts that failed, ran out of time or crashed */
  readonly failed: number;
  readonly timedOut: number;
  readonly crashed: number;
  readonly duration: Times;
  readonly waiting: Times;
  /** how many took how long: a number for each of `upToMs` */
  readonly counts: readonly number[];
}

export interface NamesAnswer {
  /** upper bounds of durations in ms; null for all that took longer */
  readonly upToMs: readonly (number | null)[];
  /** those that ended most often first */
  readonly names: readonly NameLine[];
  /** names in the catalog of which nothing was counted */
  readonly idle: readonly string[];
}

export interface NameAnswer extends Omit<NamesAnswer, 'idle'> {
  readonly chart: QueueChart;
}
