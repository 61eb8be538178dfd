import type { Figure } from '../harness/figure.js';
import { backlog } from './backlog.js';
import { boot, childMemory } from './boot.js';
import { dueAtOnce } from './due-at-once.js';
import { enhancers } from './enhancers.js';
import { enqueue } from './enqueue.js';
import { eventLoop } from './event-loop.js';
import { idle } from './idle.js';
import { kills } from './kills.js';
import { latency } from './latency.js';
import { memory } from './memory.js';
import { mixed } from './mixed.js';
import { throughput } from './throughput.js';
import { twoChildren } from './two-children.js';
import { waitingTasks } from './waiting-tasks.js';

/** In the order in which they are measured and reported. */
export const figures: readonly Figure[] = [
  throughput,
  twoChildren,
  waitingTasks,
  enhancers,
  enqueue,
  eventLoop,
  memory,
  latency,
  dueAtOnce,
  backlog,
  idle,
  boot,
  childMemory,
  kills,
  mixed,
];
