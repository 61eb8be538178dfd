import { type TimeSpan, timeSpan } from '../../terminal/table.js';
import type { ActiveTask, WorkerChild, WorkerReport } from './worker-report.js';

/** One task that runs, or a child that runs none, or a worker without children. */
export interface TaskRow {
  readonly worker: WorkerReport;
  readonly child: WorkerChild | undefined;
  readonly task: ActiveTask | undefined;
}

/** The rows of a worker, for a table. */
export function taskRows(worker: WorkerReport): TaskRow[] {
  if (worker.children.length === 0) return [{ worker, child: undefined, task: undefined }];
  return worker.children.flatMap((child): TaskRow[] =>
    child.active.length === 0
      ? [{ worker, child, task: undefined }]
      : child.active.map((task) => ({ worker, child, task })),
  );
}

/** How long a worker has run. */
export function uptimeOf({ startedAt }: WorkerReport): TimeSpan | undefined {
  return startedAt && timeSpan(Date.now() - startedAt.getTime());
}
