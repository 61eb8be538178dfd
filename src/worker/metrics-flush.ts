import type { Claimant, CountingBroker, TaskSeries } from '../broker/port/broker.js';
import { LogOnce } from '../values/log-once.js';
import { soon } from '../values/soon.js';
import type { OutcomeListener, StartListener } from './executor.js';
import { TaskCounting } from './task-counting.js';
import { WorkerLog } from './worker-log.js';

/** Counts are sent after so long, in ms: a child that is killed loses no more of them. */
const FLUSH_MS = 2_000;
/** How long the end of a child waits for its last counts, in ms. */
const END_MS = 1_000;
/** Series in one script; other commands wait for it. */
const MOST_FLUSHED = 100;

export interface MetricsFlushOptions {
  readonly broker: CountingBroker;
  readonly claimant: Pick<Claimant, 'child'>;
  /** names of the tasks that the app has */
  readonly names: Iterable<string>;
  /** ms between two flushes; 2 s by default */
  readonly everyMs?: number;
}

/**
 * Counts the tasks of a child and sends the counts to Redis, by a command of its own and only when there are some.
 *
 * Counts that were sent under a number are sent again under the same number until Redis answers, so that they are added once.
 * Meanwhile tasks are counted for the next number. No task waits for any of it.
 */
export class MetricsFlush {
  readonly onStart: StartListener;
  readonly onOutcome: OutcomeListener;
  private readonly counting: TaskCounting;
  private readonly log = new WorkerLog('TaskWorker');
  private readonly errors = new LogOnce((reason) => this.log.warn(`Tasks are counted later: ${reason}`));
  /** the counts that have a number and no answer yet, by number */
  private numbered: { readonly number: number; readonly series: readonly TaskSeries[] }[] = [];
  private number = 0;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;
  private ended = false;

  constructor(private readonly options: MetricsFlushOptions) {
    const counting = new TaskCounting(new Set(options.names));
    this.counting = counting;
    this.onStart = {
      started: (task, at) => {
        counting.started(task, at);
        this.later();
      },
      unstarted: (claimed, failure) => {
        counting.unstarted(claimed, failure);
        this.later();
      },
    };
    this.onOutcome = (task, outcome, givenBack) => {
      counting.ended(task, outcome, givenBack);
      this.later();
    };
  }

  /** Sends the last counts. Resolves when they are there, or when that takes too long. */
  async end(): Promise<void> {
    const flushed = this.flush().then(() => this.flush());
    await soon(flushed, END_MS);
    this.ended = true;
    clearTimeout(this.timer);
  }

  private later(): void {
    if (this.timer === undefined && !this.ended) this.startTimer();
  }

  private startTimer(): void {
    this.timer = setTimeout(() => void this.flush(), this.options.everyMs ?? FLUSH_MS);
  }

  /** Resolves when all that was counted before is answered, or one command has failed. One at a time. */
  private flush(): Promise<void> {
    this.flushing ??= this.send().finally(() => {
      this.flushing = undefined;
      clearTimeout(this.timer);
      this.timer = undefined;
      if (this.numbered.length > 0 || !this.counting.isEmpty) this.later();
    });
    return this.flushing;
  }

  private async send(): Promise<void> {
    if (this.numbered.length === 0) this.enumerate();
    try {
      for (let [next] = this.numbered; next; [next] = this.numbered) {
        await this.options.broker.flush(this.options.claimant, next.number, next.series);
        this.numbered.shift();
      }
      this.errors.over();
    } catch (error) {
      this.errors.about(error);
    }
  }

  private enumerate(): void {
    const series = this.counting.take();
    for (let at = 0; at < series.length; at += MOST_FLUSHED) {
      this.number += 1;
      this.numbered.push({ number: this.number, series: series.slice(at, at + MOST_FLUSHED) });
    }
  }
}
