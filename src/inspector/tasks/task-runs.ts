import type { ChildOfWorker } from '../../broker/port/task-port.js';
import type { WorkerRecord } from '../../broker/port/worker-port.js';
import { describeWorker } from '../workers/worker-report.js';
import type { ListedTask, TaskWorker } from './listed-task.js';

/** Where an attempt runs, and since when. */
export interface TaskRun {
  readonly worker: TaskWorker;
  /** undefined until the worker has published it */
  readonly startedAt: Date | undefined;
}

/** Finds the attempt of a task that a child holds. */
export type FindRun = (id: string, holder: Pick<ChildOfWorker, 'child' | 'host' | 'pid'>) => TaskRun;

/** @param records of the workers; they publish the tasks that have run longest, a moment later */
export function runsOf(records: readonly WorkerRecord[]): FindRun {
  const workers = new Map(records.map((record) => [record.session, describeWorker(record)]));
  return (id, { child, host, pid }) => {
    // a child is named after its session
    const { children = [] } = workers.get(child.slice(0, child.lastIndexOf('.'))) ?? {};
    for (const one of children) {
      const task = one.active.find((active) => active.id === id);
      if (task) return { worker: { host, pid, childPid: one.pid }, startedAt: task.since };
    }
    return { worker: { host, pid, childPid: undefined }, startedAt: undefined };
  };
}

/** Adds to the active ones what their workers have published. */
export function withRuns(tasks: readonly ListedTask[], records: readonly WorkerRecord[]): ListedTask[] {
  const find = runsOf(records);
  return tasks.map((task) => {
    const { child, worker } = task;
    return child === undefined || !worker ? task : { ...task, ...find(task.id, { child, ...worker }) };
  });
}
