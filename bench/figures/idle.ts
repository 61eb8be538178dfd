import { setTimeout as delay } from 'node:timers/promises';
import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import type { Stage } from '../harness/stage.js';

const SETTLE_MS = 1_000;

export const idle: Figure = {
  id: 'idle',
  title: 'Redis commands per second of an idle worker, per process',
  unit: 'commands/s',
  better: 'lower',
  how:
    'What `INFO commandstats` counts in 20 s (5 s in a quick run), commands within scripts included. nestwork has a ' +
    'supervisor and two children, its peers have one process.',
  contestants: [idling('nestwork', nestwork, 3), idling('bullmq', bullmq, 1), idling('bee-queue', beeQueue, 1)],
  goals: [{ of: 'nestwork', atMost: 1 }],
  rounds: { full: 1, quick: 1 },
};

function idling(name: string, programs: Programs, processes: number): Contestant {
  return {
    name,
    async measure(stage) {
      const worker = stage.worker(programs, { children: processes - 1 });
      await stage.fill(programs, 'ping', 1);
      await worker.finished(1);
      await delay(SETTLE_MS);
      const seconds = stage.pick(20, 5);
      const before = await commands(stage);
      await delay(seconds * 1_000);
      return ((await commands(stage)) - before) / seconds / processes;
    },
  };
}

/** All but those of the bench itself. */
async function commands({ redis }: Stage): Promise<number> {
  const lines = (await redis.info('commandstats')).split('\n').filter((line) => !/^cmdstat_(info|config)/.test(line));
  return lines.reduce((sum, line) => sum + Number(/calls=(\d+)/.exec(line)?.[1] ?? 0), 0);
}
