import { Injectable } from '@nestjs/common';
import { DropTask, QueueClient, Task, TaskContext } from 'nestwork';
import { renderChart } from '../chart/render-chart.js';
import { countBatch } from '../counting/count-batch.js';
import { mergeResults } from './merge-results.js';
import { planReport } from './plan-report.js';
import type { Batch } from './report.js';
import { ReportStore } from './report-store.js';

/**
 * The background work of a report: `startReport` fans out into many `countBatch`, the last of which calls `writeReport`.
 *
 * A task runs at least once, and twice when a process dies at the wrong moment. So each of them leaves its result in a
 * file that is written once, looks for that file before it works, and always goes on to the next step: whatever was
 * interrupted is taken up where it stopped, and nothing is counted twice.
 */
@Injectable()
export class StatsTasks {
  constructor(
    private readonly queue: QueueClient,
    private readonly context: TaskContext,
    private readonly store: ReportStore,
  ) {}

  /** Finds the source files and sends a task for each batch of them. */
  @Task()
  async startReport(reportId: string, directory: string): Promise<void> {
    await this.assertWanted(reportId);
    if (!(await this.store.plan(reportId))) {
      await this.store.savePlan(reportId, await planReport(directory, this.context.signal));
    }
    // Read it back: if this task ran twice at once, both must send the batches of the plan that was kept.
    const batches = (await this.store.plan(reportId))?.batches ?? [];
    const counted = await this.store.countedBatches(reportId);
    const calls = batches
      .map((paths, index): [string, Batch] => [reportId, { directory, paths, index, of: batches.length }])
      .filter(([, { index }]) => !counted.includes(index));
    if (calls.length > 0) {
      await this.store.rememberTasks(reportId, await this.queue.of(StatsTasks).countBatch.delayMany(calls));
    } else await this.queue.of(StatsTasks).writeReport.delay(reportId);
  }

  /**
   * Counts the lines of a batch; on a queue of its own, so that reports that are nearly done need not wait for the
   * batches of new ones. A batch takes a fraction of a second: one that takes a minute never ends, and would keep this
   * process from all other work.
   */
  @Task({ queue: 'bulk', hardTimeout: '1m' })
  async countBatch(reportId: string, batch: Batch): Promise<void> {
    await this.assertWanted(reportId);
    if (!(await this.store.countedBatches(reportId)).includes(batch.index)) {
      const startedAt = Date.now();
      const counts = await countBatch(batch.directory, batch.paths, this.context.signal);
      const run = { index: batch.index, pid: process.pid, startedAt, finishedAt: Date.now() };
      await this.store.saveResult(reportId, { ...run, ...counts });
    }
    // Everyone looks after having written, so of two that finish together at least one sees both results. If both do,
    // or if this task runs again, the report is asked for twice, and written once.
    const counted = await this.store.countedBatches(reportId);
    if (counted.length === batch.of) await this.queue.of(StatsTasks).writeReport.delay(reportId);
  }

  /** Adds everything up, and draws the chart. */
  @Task()
  async writeReport(reportId: string): Promise<void> {
    await this.assertWanted(reportId);
    if (await this.store.report(reportId)) return;
    const request = await this.store.request(reportId);
    const plan = await this.store.plan(reportId);
    if (!request || !plan) throw new Error(`Report ${reportId} is gone; was its directory deleted?`);
    const report = mergeResults(request, plan, await this.store.results(reportId));
    await this.store.saveReport(report, renderChart(report));
  }

  /** `cancel()` stops the tasks that are known; this stops those that are sent in the same moment. */
  private async assertWanted(reportId: string): Promise<void> {
    if (await this.store.isCancelled(reportId)) throw new DropTask(`report ${reportId} was cancelled`);
  }
}
