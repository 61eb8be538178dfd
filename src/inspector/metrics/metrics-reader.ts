import type { AppBroker, MetricsBucket, Population, QueueState, TaskSeries } from '../../broker/port/broker.js';
import { enqueuedAtOf } from '../../message/task-message.js';
import { addCounts, noCounts } from '../../task/task-counts.js';
import { type OutboxStatus, outboxStatuses } from '../outbox/outbox-status.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { type CronFigures, cronFigures } from './cron-figures.js';
import type {
  MetricsFilter,
  MetricsSummary,
  Rates,
  RatesOptions,
  SummaryOptions,
  TaskSummary,
} from './metrics-report.js';
import { rangeOfRates, rangeOfSummary } from './metrics-window.js';
import { MinuteHistory } from './minute-history.js';
import { outOf, QueueFlow } from './queue-flow.js';
import { countersOf, joinedBuckets, matches, ratesOf, timesOf } from './rate-points.js';

/** Each limit is three series. */
const MOST_LIMITS = 200;

/** A queue at one moment. */
export interface QueueFigures
  extends Pick<QueueState, 'queue' | 'pending' | 'heldBack' | 'scheduled' | 'quarantined' | 'dead'> {
  readonly oldestMs: number;
  readonly isPaused: boolean;
}

/** A limit at one moment. */
export interface LimitFigures {
  readonly name: string;
  /** tasks that hold it, under all keys; undefined where too many keys are held to count */
  readonly used: number | undefined;
  /** lines of tasks that wait for it */
  readonly waitingLines: number;
  /** tasks in these lines; undefined where too many lines wait to count */
  readonly waitingTasks: number | undefined;
}

/** Everything that can be exported to a monitoring system. */
export interface CurrentMetrics extends Population {
  readonly queues: readonly QueueFigures[];
  /** the first 200 by name */
  readonly limits: readonly LimitFigures[];
  readonly outboxes: readonly OutboxStatus[];
  /** the first 200 by name */
  readonly crons: readonly CronFigures[];
  readonly staleAcks: number;
  /** the counts since the first */
  readonly totals: readonly TaskSeries[];
}

/**
 * Reads the counts that workers keep of their tasks: by minute for 3 hours, by ten minutes for 7 days. Injectable. The counts of
 * the last 2 s may be missing.
 *
 * @example
 * @Injectable()
 * class Throughput {
 *   constructor(private readonly metrics: MetricsReader) {}
 *
 *   async slowest() {
 *     const { tasks } = await this.metrics.summary({ last: '1h' });
 *     return tasks.toSorted((a, b) => b.duration.p95Ms - a.duration.p95Ms).slice(0, 10);
 *   }
 * }
 */
export class MetricsReader {
  /** @internal */
  constructor(
    private readonly broker: Pick<
      AppBroker,
      'metrics' | 'queueStates' | 'staleAcks' | 'limitRules' | 'outbox' | 'crons'
    >,
    private readonly known: KnownQueues,
    private readonly history: MinuteHistory = new MinuteHistory(broker.metrics),
  ) {}

  /**
   * The counts of each minute, or of each ten minutes when `from` is more than 3 hours ago, over all queues and for each.
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT, INVALID_OPTION, INVALID_NAME
   * @example
   * const { points } = await metricsReader.rates({ from: new Date(Date.now() - 3_600_000), queue: 'mail' });
   */
  async rates(options: RatesOptions): Promise<Rates> {
    const now = await this.broker.metrics.now();
    const range = rangeOfRates(options, now);
    const buckets: MetricsBucket[] = [];
    for await (const bucket of this.history.buckets(range, now)) buckets.push(bucket);
    const joined = Math.ceil(buckets.length / (options.points ?? buckets.length)) || 1;
    return { minutes: range.minutes * joined, ...ratesOf(joinedBuckets(buckets, joined), options) };
  }

  /**
   * The last hour, or any other time: counts and percentiles of each task, the flow of each queue.
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT, INVALID_OPTION, INVALID_DURATION, INVALID_NAME
   * @example
   * const { tasks, queues } = await metricsReader.summary({ last: '1h' });
   */
  async summary(options: SummaryOptions): Promise<MetricsSummary> {
    const now = await this.broker.metrics.now();
    const range = rangeOfSummary(options, now);
    const sums = new Map<string, TaskSeries>();
    const flows = new Map<string, QueueFlow>();
    let from: number | undefined;
    for await (const bucket of this.history.buckets(range, now)) {
      from ??= bucket.at;
      for (const series of bucket.series.filter((each) => matches(each, options))) add(sums, series);
      for (const queue of queuesOf(bucket, options)) if (!flows.has(queue)) flows.set(queue, new QueueFlow(queue));
      for (const flow of flows.values()) flow.add(bucket);
    }
    const tasks = [...sums.values()].sort((a, b) => outOf(b.counts) - outOf(a.counts)).map(summaryOf);
    const queues = [...flows.values()].map(({ summary }) => summary).sort((a, b) => (a.queue < b.queue ? -1 : 1));
    return { from: new Date(from ?? now), to: new Date(now), tasks, queues };
  }

  /**
   * The present figures, for monitoring systems.
   *
   * @internal
   */
  async current(): Promise<CurrentMetrics> {
    const { metrics } = this.broker;
    const [states, population, staleAcks, totals, now, limits, outboxes] = await Promise.all([
      this.known.all().then((queues) => this.broker.queueStates(queues)),
      metrics.population(),
      this.broker.staleAcks(),
      metrics.totals(),
      metrics.now(),
      this.limits(),
      outboxStatuses(this.broker.outbox),
    ]);
    const crons = await cronFigures(this.broker.crons, now);
    const queues = states.map((state) => figuresOf(state, now));
    return { queues, limits, outboxes, crons, ...population, staleAcks, totals };
  }

  private async limits(): Promise<LimitFigures[]> {
    const { limitRules } = this.broker;
    const names = (await limitRules.names()).slice(0, MOST_LIMITS);
    if (names.length === 0) return [];
    const [{ byName, isWhole }, waiting] = await Promise.all([limitRules.held(names), limitRules.waiting(names)]);
    const used = (name: string): number | undefined => (isWhole ? (byName.get(name)?.tasks ?? 0) : undefined);
    return names.map((name, at) => {
      const { lines = 0, tasks } = waiting[at] ?? {};
      return { name, used: used(name), waitingLines: lines, waitingTasks: tasks };
    });
  }
}

function queuesOf({ series, samples }: MetricsBucket, { task, queue }: MetricsFilter): string[] {
  // only whole queues have a number of tasks that came in
  if (task !== undefined) return [];
  return [...series, ...samples].map((each) => each.queue).filter((name) => queue === undefined || name === queue);
}

function add(sums: Map<string, TaskSeries>, { queue, task, counts }: TaskSeries): void {
  const key = `${queue} ${task}`;
  const sum = sums.get(key) ?? { queue, task, counts: noCounts() };
  addCounts(sum.counts, counts);
  sums.set(key, sum);
}

function summaryOf({ queue, task, counts }: TaskSeries): TaskSummary {
  return { task, queue, ...countersOf(counts), ...timesOf(counts) };
}

function figuresOf(
  { queue, pending, heldBack, scheduled, quarantined, dead, head, dueAt, paused }: QueueState,
  now: number,
): QueueFigures {
  // foreign bytes have no time; a worker buries them
  const headMs = head === undefined ? 0 : now - enqueuedAtOf(head) || 0;
  const oldestMs = Math.max(headMs, now - (dueAt ?? now), 0);
  return { queue, pending, heldBack, scheduled, quarantined, dead, oldestMs, isPaused: paused !== undefined };
}
