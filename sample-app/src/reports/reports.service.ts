import { Injectable } from '@nestjs/common';
import { type FlowStatus, QueueClient, type TaskHandle } from 'nestwork';
import { ChartTasks } from './chart.tasks.js';
import type { Failure, Report, ReportRequest } from './report.js';
import { ReportStore } from './report-store.js';
import { StatsTasks } from './stats.tasks.js';

export type ReportState = 'queued' | 'counting' | 'finished' | 'failed' | 'cancelled';

/** How many are done, of how many. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** A report as the API shows it. */
export interface ReportStatus extends ReportRequest {
  readonly state: ReportState;
  /** one finds the files, many count them, and one writes the report; 2 until the files are found */
  readonly tasks: Progress;
  readonly report?: Report;
  /** the error, in the state `failed` */
  readonly failure?: Failure;
}

/** The work of the API: it sends flows, and looks at them. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly queue: QueueClient,
    private readonly store: ReportStore,
  ) {}

  /** @throws NestworkError when Redis cannot take the flow */
  async start(directory: string): Promise<ReportStatus> {
    const request = { directory, requestedAt: new Date().toISOString() };
    const tasks = this.queue.of(StatsTasks);
    const flow = this.queue.flow({ name: 'report' });
    const counted = flow.add(tasks.countFiles, directory);
    flow.add(tasks.writeReport, request, counted);
    const { id } = await flow.delay();
    await this.store.saveRequest({ id, ...request });
    return { id, ...request, state: 'queued', tasks: { done: 0, total: 2 } };
  }

  /** Undefined when there is no such report. */
  async find(id: string): Promise<ReportStatus | undefined> {
    const request = await this.store.request(id);
    const report = request && (await this.store.report(id));
    if (report) return { ...request, state: 'finished', tasks: all(report.work.tasks + 2), report };
    if (!request) return undefined;
    const status = await this.queue.flowById(id).status();
    return {
      ...request,
      state: stateOf(status),
      tasks: { done: status.done, total: status.total },
      failure: failureOf(status),
    };
  }

  /** Tasks that wait do not start any more, and those that run are aborted. */
  async cancel(id: string): Promise<void> {
    if (!(await this.store.report(id))) await this.queue.flowById(id).cancel();
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
}

function stateOf({ state, done }: FlowStatus): ReportState {
  if (state === 'open') return done > 0 ? 'counting' : 'queued';
  return state === 'done' ? 'finished' : state === 'cancelled' ? 'cancelled' : 'failed';
}

/** A report whose task is dead waits until it is redriven, whether it threw, ran out of time or crashed. */
function failureOf({ culprit }: FlowStatus): Failure | undefined {
  return culprit && { task: culprit.task, taskId: culprit.id, why: culprit.error ?? culprit.how };
}

function all(total: number): Progress {
  return { done: total, total };
}
