import type { Figure } from '../harness/figure.js';
import { backlog } from './backlog.js';
import { dueAtOnce } from './due-at-once.js';
import { enqueue } from './enqueue.js';
import { idle } from './idle.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { throughput } from './throughput.js';
import { twoChildren } from './two-children.js';
import { waitingTasks } from './waiting-tasks.js';

/** In the order in which they are measured and reported. */
export const figures: readonly Figure[] = [
  throughput,
  twoChildren,
  waitingTasks,
  enqueue,
  memory,
  latency,
  dueAtOnce,
  backlog,
  idle,
];
