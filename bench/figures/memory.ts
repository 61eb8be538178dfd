import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import type { Stage } from '../harness/stage.js';

const HOUR_MS = 3_600_000;

export const memory: Figure = {
  id: 'memory',
  title: 'Bytes in Redis per task',
  unit: 'bytes',
  better: 'lower',
  how: 'What 100,000 tasks add to `used_memory`, when their producer is gone.',
  contestants: [waiting('nestwork', nestwork), waiting('bullmq', bullmq), waiting('bee-queue', beeQueue)],
  goals: [
    { of: 'nestwork', against: 'bullmq', measure: 'pending', atMost: 0.4 },
    { of: 'nestwork', against: 'bullmq', measure: 'scheduled', atMost: 0.55 },
  ],
  // it is the same every time
  rounds: { full: 2, quick: 1 },
};

function waiting(name: string, programs: Programs): Contestant {
  return {
    name,
    async measure(stage) {
      const count = stage.pick(100_000, 20_000);
      const pending = await growth(stage, () => stage.fill(programs, 'ping', count));
      await stage.clear();
      const scheduled = await growth(stage, () => stage.schedule(programs, 'ping', count, Date.now() + HOUR_MS));
      return { pending: pending / count, scheduled: scheduled / count };
    },
  };
}

async function growth(stage: Stage, add: () => Promise<void>): Promise<number> {
  const before = await usedMemory(stage);
  await add();
  return (await usedMemory(stage)) - before;
}

/** When Redis has let go of the connections of others, and of their buffers. */
async function usedMemory({ redis, until }: Stage): Promise<number> {
  await until('the bench is alone', async () => /connected_clients:1\r/.test(await redis.info('clients')));
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
