import cluster from 'node:cluster';
import { NestworkError } from '../errors.js';

/**
 * A process of a cluster is made for another task: the file it was started with is not the app's, its signals are the
 * primary's, and there would be a whole supervisor for each of them.
 *
 * @throws NestworkError CLUSTER_WORKER
 */
export function refuseClusterWorker(): void {
  if (!cluster.isWorker) return;
  const byPm2 = process.env.pm_id !== undefined;
  throw new NestworkError(
    'CLUSTER_WORKER',
    `A worker was started in a process of ${byPm2 ? "PM2's cluster mode" : 'node:cluster'}, which cannot be its supervisor.`,
    [
      "In PM2 use fork mode, with one instance: exec_mode: 'fork', instances: 1. The worker forks its children itself: option `children`.",
      'With node:cluster call WorkerFactory.run in a process of its own: node dist/worker.js.',
    ],
  );
}
