import type { TaskCounters } from '../../task/task-counts.js';
import type { Duration } from '../../values/duration.js';

/**
 * Which counts to look at.
 *
 * @example
 * const mail: MetricsFilter = { queue: 'mail' };
 */
export interface MetricsFilter {
  /**
   * Only those of the task with this name.
   * @default all tasks
   */
  task?: string;
  /**
   * Only those of this queue.
   * @default all queues
   */
  queue?: string;
}

/**
 * Options of `MetricsReader.rates`.
 *
 * @example
 * const options: RatesOptions = { from: new Date(Date.now() - 3_600_000), task: 'ReportTasks.send' };
 */
export interface RatesOptions extends MetricsFilter {
  /** the beginning; minutes are kept for 3 hours, ten minutes for 7 days */
  from: Date;
  /**
   * The end.
   * @default now
   */
  to?: Date;
  /**
   * At most so many points: neighbours are put together, all of them by the same number.
   * @default one for each minute, or for each ten minutes
   */
  points?: number;
}

/**
 * Options of `MetricsReader.summary`.
 *
 * @example
 * const options: SummaryOptions = { last: '1h', queue: 'mail' };
 */
export interface SummaryOptions extends MetricsFilter {
  /** how far to look back, 7 days at most; up to 3 hours are exact to the minute, more to ten minutes */
  last: Duration;
}

/**
 * The counts of one minute, or of ten, or of several put together.
 *
 * @example
 * const { points } = await metricsReader.rates({ from: new Date(Date.now() - 3_600_000) });
 * const perSecond = (point: RatePoint) => point.done / 60;
 */
export interface RatePoint extends TaskCounters {
  /** the beginning of the first minute, or of the first ten, by the clock of Redis */
  readonly at: Date;
  /** tasks that ended: done, dropped, dead or cancelled */
  readonly out: number;
  /**
   * Tasks that came in: `out` and the change of `depth`. It is off by the tasks that are active at both ends. Undefined with `task`, and where
   * a sample is missing, as it is of the last point.
   */
  readonly in: number | undefined;
  /** tasks that waited at the beginning, scheduled, quarantined and held-back ones included; undefined with `task`, and without a sample */
  readonly depth: number | undefined;
  /** for how long the oldest of them had waited, in ms; of more than a minute the longest time; undefined as `depth` */
  readonly oldestMs: number | undefined;
  /** how long attempts ran whose end their child saw */
  readonly duration: TimeSummary;
  /** how long tasks waited from when they were due to the start of an attempt */
  readonly waiting: TimeSummary;
}

/**
 * The points of one queue, each of the same time as the point of `Rates.points` at its place.
 *
 * @example
 * const { queues } = await metricsReader.rates({ from: new Date(Date.now() - 3_600_000) });
 * const grows = ({ points }: QueueRates) => (points.at(-1)?.depth ?? 0) > (points[0]?.depth ?? 0);
 * console.log(queues.filter(grows).map(({ queue }) => queue));
 */
export interface QueueRates {
  /** name of the queue */
  readonly queue: string;
  /** one for each of `Rates.points` */
  readonly points: readonly Pick<RatePoint, 'in' | 'out' | 'depth'>[];
}

/**
 * A series of points.
 *
 * @example
 * const { minutes, points }: Rates = await metricsReader.rates({ from: new Date(Date.now() - 86_400_000) });
 */
export interface Rates {
  /** how many minutes each point stands for */
  readonly minutes: number;
  /** one behind the other, also those in which nothing happened */
  readonly points: readonly RatePoint[];
  /** the same for each queue of which something is known, by name; with `task` only what ended */
  readonly queues: readonly QueueRates[];
}

/**
 * How long something took. Percentiles are estimates within the bounds of a bucket, and no more than the sum of all times allows: of a
 * single time they are that time. See `docs/monitoring.md`.
 *
 * @example
 * const text = ({ p50Ms, p99Ms }: TimeSummary) => `${p50Ms} ms, at worst ${p99Ms} ms`;
 */
export interface TimeSummary {
  /** how many times were counted; with none, all others are 0 */
  readonly count: number;
  /** the average, in ms */
  readonly meanMs: number;
  /** half took no longer, in ms */
  readonly p50Ms: number;
  /** 95 % took no longer, in ms */
  readonly p95Ms: number;
  /** 99 % took no longer, in ms */
  readonly p99Ms: number;
  /** how many took how long, from short to long; buckets without any are among them */
  readonly buckets: readonly TimeBucket[];
}

/**
 * How many took no longer than a bound, and longer than the bound before.
 *
 * @example
 * const line = ({ upToMs, count }: TimeBucket) => `${upToMs === undefined ? 'longer' : `up to ${upToMs} ms`}: ${count}`;
 */
export interface TimeBucket {
  /** in ms; undefined for all that took longer than the last bound */
  readonly upToMs: number | undefined;
  /** how many */
  readonly count: number;
}

/**
 * The counts of one task name in one queue.
 *
 * @example
 * const { tasks } = await metricsReader.summary({ last: '1h' });
 * for (const { task, failed, duration } of tasks) logger.log(`${task}: ${failed} failed, p95 ${duration.p95Ms} ms`);
 */
export interface TaskSummary extends TaskCounters {
  /** its name; `other` for tasks that are in no catalog, and for those for which there was no room */
  readonly task: string;
  /** name of the queue */
  readonly queue: string;
  /** how long attempts ran whose end their child saw */
  readonly duration: TimeSummary;
  /** how long tasks waited from when they were due to the start of an attempt */
  readonly waiting: TimeSummary;
}

/**
 * The flow of one queue.
 *
 * @example
 * const { queues } = await metricsReader.summary({ last: '10m' });
 * const growing = queues.filter((queue: QueueSummary) => (queue.in ?? 0) > queue.out);
 */
export interface QueueSummary {
  /** name of the queue */
  readonly queue: string;
  /** tasks that ended: done, dropped, dead or cancelled */
  readonly out: number;
  /** tasks that came in: `out` and the change of `depth` between the first and the last sample; undefined without two of them */
  readonly in: number | undefined;
  /** tasks that waited at the last sample; undefined without one */
  readonly depth: number | undefined;
  /** the longest time for which a task had waited at a sample, in ms; undefined without one */
  readonly oldestMs: number | undefined;
}

/**
 * The result of `MetricsReader.summary`.
 *
 * @example
 * const { tasks, queues }: MetricsSummary = await metricsReader.summary({ last: '1h' });
 */
export interface MetricsSummary {
  /** the beginning of the first minute, or ten minutes, by the clock of Redis */
  readonly from: Date;
  /** the time of Redis */
  readonly to: Date;
  /** by queue and name, those that ended most often first */
  readonly tasks: readonly TaskSummary[];
  /** by name */
  readonly queues: readonly QueueSummary[];
}
