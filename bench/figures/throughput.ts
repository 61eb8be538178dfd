import { bareLoop, beeQueue, bullmq, nestwork } from '../contestants.js';
import type { Figure } from '../harness/figure.js';
import { drained, type Load } from './drained.js';

const OURS: Load = { full: 120_000, quick: 60_000 };
const BARE: Load = { full: 300_000, quick: 100_000 };
const PEERS: Load = { full: 10_000, quick: 4_000 };
const PEER_ONE: Load = { full: 6_000, quick: 2_000 };

export const throughput: Figure = {
  id: 'throughput',
  title: 'Tasks per second, one child',
  unit: 'tasks/s',
  better: 'higher',
  how: 'A worker with one process runs a full queue of no-op tasks empty, at concurrency 1, 50 and 200.',
  contestants: [
    drained('nestwork c1', nestwork, { concurrency: 1 }, OURS),
    drained('bullmq c1', bullmq, { concurrency: 1 }, PEER_ONE),
    drained('bare loop', bareLoop, {}, BARE),
    drained('nestwork c50', nestwork, { concurrency: 50 }, OURS, true),
    drained('bullmq c50', bullmq, { concurrency: 50 }, PEERS),
    drained('bee-queue c50', beeQueue, { concurrency: 50 }, PEERS),
    drained('nestwork c200', nestwork, { concurrency: 200 }, OURS, true),
    drained('bullmq c200', bullmq, { concurrency: 200 }, PEERS, true),
    drained('bee-queue c200', beeQueue, { concurrency: 200 }, PEERS, true),
    drained('bee-queue c1', beeQueue, { concurrency: 1 }, PEER_ONE, true),
  ],
  goals: [
    { of: 'nestwork c1', against: 'bullmq c1', atLeast: 20 },
    { of: 'nestwork c1', against: 'bare loop', atLeast: 0.5 },
    { of: all('nestwork'), against: all('bullmq'), atLeast: 10 },
    { of: all('nestwork'), against: all('bee-queue'), atLeast: 4 },
  ],
};

function all(name: string): string[] {
  return [1, 50, 200].map((concurrency) => `${name} c${concurrency}`);
}
