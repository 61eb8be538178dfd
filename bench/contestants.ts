/** The programs of a contestant: each runs in a process of its own. */
export interface Programs {
  readonly producer: string;
  readonly worker: string;
}

/** As a user has it: the built package, a supervisor and forked children, all features on. */
export const nestwork = programs('nestwork/producer.js', 'nestwork/worker.js');
/** Its in-process worker, which is its fast path. Finished jobs are removed, as here. */
export const bullmq = programs('peers/bullmq-producer.js', 'peers/bullmq-worker.js');
/** Without events and stored jobs, as its documentation advises for speed. */
export const beeQueue = programs('peers/bee-queue-producer.js', 'peers/bee-queue-worker.js');
/** The smallest program that takes batches from a list and loses nothing: the limit of what this Redis gives to a Node process. */
export const bareLoop = programs('bare-loop/producer.js', 'bare-loop/worker.js');
/** The same worker with enhancers around its tasks, by its `VARIANT`. */
export const enhanced = programs('nestwork/producer.js', 'nestwork/enhanced-worker.js');
/** The same worker with tasks that report when they start and end. */
export const probe = programs('nestwork/probe-producer.js', 'nestwork/probe-worker.js');

function programs(producer: string, worker: string): Programs {
  const path = (file: string): string => new URL(file, import.meta.url).pathname;
  return { producer: path(producer), worker: path(worker) };
}
