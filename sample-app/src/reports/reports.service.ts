import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { EnqueueUnconfirmedError, QueueClient } from 'nestwork';
import type { Failure, Plan, Report, ReportRequest } from './report.js';
import { ReportStore } from './report-store.js';
import { StatsTasks } from './stats.tasks.js';

export type ReportState = 'queued' | 'counting' | 'writing' | 'finished' | 'failed';

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
  /** what went wrong, in the state `failed` */
  readonly failure?: Failure;
}

/** What the API does: it sends the first task, and looks at what the tasks have written. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly queue: QueueClient,
    private readonly store: ReportStore,
  ) {}

  /** @throws NestworkError when Redis cannot take the task */
  async start(directory: string): Promise<ReportStatus> {
    const request: ReportRequest = { id: randomUUID(), directory, requestedAt: new Date().toISOString() };
    await this.store.saveRequest(request);
    const { startReport } = this.queue.of(StatsTasks);
    await startReport.delay(request.id, directory).catch((error: unknown) => {
      if (!(error instanceof EnqueueUnconfirmedError)) throw error;
      // The task may be in already; with its id it is added once at most.
      return startReport.with({ id: error.taskIds[0] }).delay(request.id, directory);
    });
    return { ...request, state: 'queued', files: progress([], []), batches: progress([], []) };
  }

  /** Undefined when there is no such report. */
  async find(id: string): Promise<ReportStatus | undefined> {
    const request = await this.store.request(id);
    if (!request) return undefined;
    // In this order: each comes later than the next, so what it relies on is there.
    const report = await this.store.report(id);
    const counted = await this.store.countedBatches(id);
    const plan = await this.store.plan(id);
    const failure = report ? undefined : await this.store.failure(id);
    const sizes = plan?.batches.map((paths) => paths.length) ?? [];
    return {
      ...request,
      state: failure ? 'failed' : stateOf(plan, counted, report),
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

  chart(id: string): Promise<string | undefined> {
    return this.store.chart(id);
  }
}

function stateOf(plan: Plan | undefined, counted: readonly number[], report: Report | undefined): ReportState {
  if (report) return 'finished';
  if (!plan) return 'queued';
  return counted.length < plan.batches.length ? 'counting' : 'writing';
}

function progress(done: readonly number[], total: readonly number[]): Progress {
  return { done: sum(done), total: sum(total) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
