import { Injectable } from '@nestjs/common';
import { QueueClient, type Ref, Task, TaskContext } from 'nestwork';
import { renderChart } from '../chart/render-chart.js';
import { countBatch } from '../counting/count-batch.js';
import { mergeResults } from './merge-results.js';
import { planReport } from './plan-report.js';
import type { Batch, BatchResult, ReportRequest } from './report.js';
import { ReportStore } from './report-store.js';

/**
 * The background work of a report, a flow: `countFiles` fans out into many `countBatch`, and `writeReport` gets all their results.
 *
 * A task runs at least once, and twice when a process dies at the wrong moment. That does no harm here: the files that
 * are written stay as they were written first, and each task of a flow gives one result.
 */
@Injectable()
export class StatsTasks {
  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
    private readonly store: ReportStore,
  ) {}

  /** Finds the source files and adds a task for each batch of them; their results take the place of its own. */
  @Task({ result: '1d' })
  async countFiles(directory: string): Promise<Ref<BatchResult>[]> {
    const { flow, signal } = this.context;
    const plan = (await this.store.plan(flow.id)) ?? (await planReport(directory, signal));
    await this.store.savePlan(flow.id, plan);
    return plan.batches.map((paths) => flow.add(this.queue.of(StatsTasks).countBatch, { directory, paths }));
  }

  /**
   * Counts the lines of a batch; on a queue of its own, so that reports that are nearly done need not wait for the
   * batches of new ones. A batch takes a fraction of a second: one that takes a minute never ends, and would keep this
   * process from all other work.
   */
  @Task({ queue: 'bulk', hardTimeout: '1m', result: '1d' })
  async countBatch({ directory, paths }: Batch): Promise<BatchResult> {
    const startedAt = Date.now();
    const counts = await countBatch(directory, paths, this.context.signal);
    return { pid: process.pid, startedAt, finishedAt: Date.now(), ...counts };
  }

  /** Adds everything up, and draws the chart. */
  @Task()
  async writeReport(request: Omit<ReportRequest, 'id'>, counted: readonly BatchResult[]): Promise<void> {
    const { id } = this.context.flow;
    const plan = await this.store.plan(id);
    if (!plan) throw new Error(`Report ${id} is gone; was its directory deleted?`);
    const report = mergeResults({ id, ...request }, plan, counted);
    await this.store.saveReport(report, renderChart(report));
  }
}
