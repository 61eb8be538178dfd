import { setTimeout as delay } from 'node:timers/promises';
import { beeQueue, bullmq, nestwork } from '../contestants.js';
import type { Figure } from '../harness/figure.js';
import { drained, type Load } from './drained.js';

const CONCURRENCY = 100;
const WAIT_MS = 5;
const SETTINGS = { concurrency: CONCURRENCY, kind: 'wait' } as const;
const LOAD: Load = { full: 30_000, quick: 20_000 };
const PEERS: Load = { full: 12_000, quick: 6_000 };

export const waitingTasks: Figure = {
  id: 'waiting-tasks',
  title: 'Tasks per second that wait 5 ms each, concurrency 100',
  unit: 'tasks/s',
  better: 'higher',
  how:
    'One process; 100 / 5 ms would be 20,000. "No queue" is a hundred loops that do nothing but wait: how far the timers ' +
    'of Node themselves fall short of that.',
  contestants: [
    drained('nestwork c100', nestwork, SETTINGS, LOAD),
    drained('bullmq c100', bullmq, SETTINGS, PEERS, true),
    drained('bee-queue c100', beeQueue, SETTINGS, PEERS, true),
    { name: 'no queue', measure: (stage) => loops(stage.pick(LOAD.full, LOAD.quick)) },
  ],
  goals: [{ of: 'nestwork c100', atLeast: 0.9 * (CONCURRENCY / WAIT_MS) * 1_000 }],
};

async function loops(count: number): Promise<number> {
  const from = performance.now();
  const each = count / CONCURRENCY;
  const loop = async (): Promise<void> => {
    for (let done = 0; done < each; done += 1) await delay(WAIT_MS);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, loop));
  return (count / (performance.now() - from)) * 1_000;
}
