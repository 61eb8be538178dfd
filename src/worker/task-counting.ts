import type { ClaimedTask, TaskSeries } from '../broker/port/broker.js';
import { HardTimeoutError } from '../policy/task-errors.js';
import { noCounts, OTHER, observe, type TaskCounts } from '../task/task-counts.js';
import type { Failure, Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';

/** Series of one child between two flushes. Further tasks count as `other` of their queue. */
const MOST_SERIES = 1_000;

interface Series extends TaskSeries {
  readonly counts: TaskCounts;
}

/**
 * Counts the tasks of a child in memory, until they are taken. It runs twice for each task, so it makes nothing for one that it
 * has met, and rare things have functions of their own: V8 inlines short ones.
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
    return taken;
  }

  /** @param at the time, in ms since 1970 */
  started({ name, queue, message }: RunningTask, at: number): void {
    const counts = this.countsOf(queue, name);
    counts.started += 1;
    observe(counts.waiting, at - message.enqueuedAt);
  }

  /** A task that is parked for a worker of another version is not counted: it was not tried. */
  unstarted({ queue }: ClaimedTask, { task, decision }: Failure): void {
    const name = task && this.names.has(task.name) ? task.name : OTHER;
    if (decision.kind === 'dead') this.countsOf(queue, name).dead += 1;
  }

  ended(task: RunningTask, outcome: Outcome, givenBack?: boolean): void {
    if (givenBack) return;
    const counts = this.countsOf(task.queue, task.name);
    observe(counts.duration, outcome.durationMs);
    if (outcome.kind === 'done') counts.done += 1;
    else countFailure(counts, task, outcome);
  }

  private countsOf(queue: string, task: string): TaskCounts {
    const { last } = this;
    return last?.task === task && last.queue === queue ? last.counts : this.countsOfOther(queue, task);
  }

  private countsOfOther(queue: string, task: string): TaskCounts {
    const known = this.series.get(`${queue} ${task}`);
    if (!known && task !== OTHER && this.series.size >= MOST_SERIES) return this.countsOf(queue, OTHER);
    const series = known ?? { queue, task, counts: noCounts() };
    if (!known) this.series.set(`${queue} ${task}`, series);
    this.last = series;
    return series.counts;
  }
}

function countFailure(counts: TaskCounts, { cancelled }: RunningTask, { error, decision: { kind } }: Failure): void {
  if (kind === 'drop') {
    counts[cancelled ? 'cancelled' : 'dropped'] += 1;
    return;
  }
  counts[error instanceof HardTimeoutError ? 'timedOut' : 'failed'] += 1;
  counts[kind === 'dead' ? 'dead' : 'retried'] += 1;
}
