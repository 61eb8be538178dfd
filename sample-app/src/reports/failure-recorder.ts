import { Injectable } from '@nestjs/common';
import { type OnTaskFailure, TaskHooks, type TaskInfo } from 'nestwork';
import { ReportStore } from './report-store.js';

/** Tells whoever waits for a report that one of its tasks has failed: it will not be finished by itself. */
@TaskHooks()
@Injectable()
export class FailureRecorder implements OnTaskFailure {
  constructor(private readonly store: ReportStore) {}

  /** Every task of this app has the id of its report as first argument. */
  async onTaskFailure(task: TaskInfo, error: unknown): Promise<void> {
    const [reportId] = task.args;
    const why = error instanceof Error ? error.message : String(error);
    await this.store.saveFailure(String(reportId), { task: task.name, taskId: task.id, why });
  }
}
