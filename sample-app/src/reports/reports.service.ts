import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DeadLetters, EnqueueUnconfirmedError, QueueClient, type TaskHandle, type TaskState } from 'nestwork';
import { ChartTasks } from './chart.tasks.js';
import type { Failure, Plan, Report, ReportRequest } from './report.js';
import { ReportStore } from './report-store.js';
import { StatsTasks } from './stats.tasks.js';

export type ReportState = 'queued' | 'counting' | 'writing' | 'finished' | 'failed' | 'cancelled';

/** How many are done, of how many; both 0 until the directory has been walked. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** A report as the API shows it. */
export interface ReportStatus extends ReportRequest {
  readonly state: ReportState;
  readonly files: Progress;
  readonly batches: Progress;
  readonly report?: Report;
  /** the error, in the state `failed` */
  readonly failure?: Failure;
}

/** How many tasks of a report were in which state when they were cancelled; `unknown` are those that had finished. */
export type CancelledTasks = Partial<Record<TaskState, number>>;

/** The work of the API: it sends tasks, and reads their files. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly queue: QueueClient,
    private readonly deadLetters: DeadLetters,
    private readonly store: ReportStore,
  ) {}

  /** @throws NestworkError when Redis cannot take the task */
  async start(directory: string): Promise<ReportStatus> {
    const request: ReportRequest = { id: randomUUID(), directory, requestedAt: new Date().toISOString() };
    await this.store.saveRequest(request);
    const { startReport } = this.queue.of(StatsTasks);
    const task = await startReport.delay(request.id, directory).catch((error: unknown) => {
      if (!(error instanceof EnqueueUnconfirmedError)) throw error;
      // The task may be in already; with its id it is added once at most.
      return startReport.with({ id: error.taskIds[0] }).delay(request.id, directory);
    });
    await this.store.rememberTasks(request.id, [task]);
    return { ...request, state: 'queued', files: progress([], []), batches: progress([], []) };
  }

  /** Undefined when there is no such report. */
  async find(id: string): Promise<ReportStatus | undefined> {
    const request = await this.store.request(id);
    if (!request) return undefined;
    // In this order: each comes later than the next, so the files it relies on are there.
    const report = await this.store.report(id);
    const counted = await this.store.countedBatches(id);
    const plan = await this.store.plan(id);
    const cancelled = await this.store.isCancelled(id);
    const failure = report || cancelled ? undefined : await this.failureOf(request);
    const sizes = plan?.batches.map((paths) => paths.length) ?? [];
    return {
      ...request,
      state: report ? 'finished' : cancelled ? 'cancelled' : failure ? 'failed' : stateOf(plan, counted),
      files: progress(
        counted.map((index) => sizes[index] ?? 0),
        sizes,
      ),
      batches: progress(
        counted.map(() => 1),
        sizes.map(() => 1),
      ),
      report,
      failure,
    };
  }

  /** Tasks that wait are removed, running ones are aborted, and a task that is sent in this very moment finds the mark and drops itself. */
  async cancel(id: string): Promise<CancelledTasks> {
    const states = await Promise.all((await this.store.taskIds(id)).map((task) => this.queue.cancel(task)));
    await this.store.saveCancellation(id);
    const tally: CancelledTasks = {};
    for (const state of states) tally[state] = (tally[state] ?? 0) + 1;
    return tally;
  }

  /** Debounced: of many titles in a row, say one for each key that is pressed, only the last is drawn. */
  async rename(id: string, title: string): Promise<TaskHandle> {
    await this.store.saveTitle(id, title);
    const { drawChart } = this.queue.of(ChartTasks);
    return drawChart.with({ key: id, onConflict: 'replace', delay: '300ms' }).delay(id);
  }

  chart(id: string): Promise<string | undefined> {
    return this.store.chart(id);
  }

  /** A report whose task is dead waits until it is redriven, whether it threw, ran out of time or crashed. */
  private async failureOf({ id, requestedAt }: ReportRequest): Promise<Failure | undefined> {
    const { tasks } = await this.deadLetters.list({ since: new Date(requestedAt) }, { limit: 500 });
    const dead = tasks.find(({ task, args }) => task?.startsWith(`${StatsTasks.name}.`) && args?.[0] === id);
    return dead && { task: dead.task ?? '', taskId: dead.id, why: dead.error };
  }
}

function stateOf(plan: Plan | undefined, counted: readonly number[]): ReportState {
  if (!plan) return 'queued';
  return counted.length < plan.batches.length ? 'counting' : 'writing';
}

function progress(done: readonly number[], total: readonly number[]): Progress {
  return { done: sum(done), total: sum(total) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
