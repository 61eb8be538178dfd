import type { ClaimedTask, TaskSeries } from '../broker/port/broker.js';
import { HardTimeoutError } from '../policy/task-errors.js';
import { noCounts, OTHER, observe, type TaskCounts } from '../task/task-counts.js';
import type { Failure, Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';

/** Series of one child between two flushes. Further tasks count as `other` of their queue. */
const MOST_SERIES = 1_000;

/** Times of one series that are put into its histograms together. */
const TIMES_AT_ONCE = 64;

interface Series extends TaskSeries {
  readonly counts: TaskCounts;
  /** how long tasks waited that have started, in ms, not in `counts` yet */
  readonly waits: number[];
  /** how long tasks took that are done, in ms, not in `counts` yet */
  readonly durations: number[];
}

/**
 * Counts the tasks of a child in memory, until they are taken. V8 inlines less of the claim loop if the two calls for each task are
 * long. So they only note a time, and `tally` counts many times at once.
 */
export class TaskCounting {
  private series = new Map<string, Series>();
  /** mostly the next task is of the same series */
  private last: Series | undefined;

  /** @param names those of the tasks that the app has */
  constructor(private readonly names: ReadonlySet<string>) {}

  get isEmpty(): boolean {
    return this.series.size === 0;
  }

  /** Hands over all that was counted since the last time. */
  take(): TaskSeries[] {
    const taken = [...this.series.values()];
    this.series = new Map();
    this.last = undefined;
    for (const series of taken) tally(series);
    return taken.map(({ queue, task, counts }) => ({ queue, task, counts }));
  }

  /** @param at the time, in ms since 1970 */
  started({ name, queue, message }: RunningTask, at: number): void {
    const series = this.seriesOf(queue, name);
    if (series.waits.push(at - message.enqueuedAt) === TIMES_AT_ONCE) tally(series);
  }

  /** A task that is parked for a worker of another version is not counted: it was not tried. */
  unstarted({ queue }: ClaimedTask, { task, decision }: Failure): void {
    const name = task && this.names.has(task.name) ? task.name : OTHER;
    if (decision.kind === 'dead') this.seriesOf(queue, name).counts.dead += 1;
  }

  ended(task: RunningTask, outcome: Outcome, givenBack?: boolean): void {
    if (givenBack) return;
    const series = this.seriesOf(task.queue, task.name);
    if (outcome.kind !== 'done') countFailure(series.counts, task, outcome);
    else if (series.durations.push(outcome.durationMs) === TIMES_AT_ONCE) tally(series);
  }

  private seriesOf(queue: string, task: string): Series {
    const { last } = this;
    return last?.task === task && last.queue === queue ? last : this.otherSeriesOf(queue, task);
  }

  private otherSeriesOf(queue: string, task: string): Series {
    const known = this.series.get(`${queue} ${task}`);
    if (!known && task !== OTHER && this.series.size >= MOST_SERIES) return this.seriesOf(queue, OTHER);
    const series = known ?? { queue, task, counts: noCounts(), waits: [], durations: [] };
    if (!known) this.series.set(`${queue} ${task}`, series);
    this.last = series;
    return series;
  }
}

/** Puts the noted times into the counts. */
function tally({ counts, waits, durations }: Series): void {
  counts.started += waits.length;
  for (const ms of waits) observe(counts.waiting, ms);
  waits.length = 0;
  counts.done += durations.length;
  for (const ms of durations) observe(counts.duration, ms);
  durations.length = 0;
}

function countFailure(
  counts: TaskCounts,
  { cancelled }: RunningTask,
  { error, durationMs, attempted, decision: { kind } }: Failure,
): void {
  if (attempted) observe(counts.duration, durationMs);
  if (kind === 'drop') {
    counts[cancelled ? 'cancelled' : 'dropped'] += 1;
    return;
  }
  counts[error instanceof HardTimeoutError ? 'timedOut' : 'failed'] += 1;
  counts[kind === 'dead' ? 'dead' : 'retried'] += 1;
}
