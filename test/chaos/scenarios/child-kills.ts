import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../harness/scenario.js';

const WORKER = { children: 4, concurrency: 3, lease: '10s' } as const;
const MAX_TASK_MS = 15;
const MAX_WAIT_MS = 40;
/** Of the tasks, so many wait for a while; the others end at once and are claimed in batches. */
const SLOW = 0.2;
/** So many kills ahead of the work tasks are enqueued. */
const AHEAD = 3;

/** Random SIGKILLs of children, spread over all the work: the supervisor settles the tasks that each held. */
export const childKills: Scenario = {
  name: 'child-kills',
  promise: 'a killed child loses nothing, and only what it had started runs again',

  async run({ arena, random, short }) {
    const { kills, tasks } = short ? { kills: 15, tasks: 5_000 } : { kills: 500, tasks: 200_000 };
    const worker = arena.worker(WORKER);
    await arena.booted(worker, WORKER.children);
    let sent = 0;
    const send = async (count: number): Promise<void> => {
      const calls = Array.from({ length: count }, (_, index): [string, number] => {
        return [`task ${sent + index}`, random.chance(SLOW) ? random.between(1, MAX_TASK_MS) : 0];
      });
      sent += count;
      await arena.producer.sendMany(random.chance(0.1) ? 'burn' : 'work', calls);
    };

    const share = Math.floor(tasks / kills);
    await send(AHEAD * share);
    for (let kill = 0; kill < kills; kill += 1) {
      await send(Math.min(share, tasks - sent));
      await arena.until(
        'work goes on',
        () => arena.ledger.update().finishes.size >= kill * share && arena.victims().length > 0,
      );
      await delay(random.between(0, MAX_WAIT_MS));
      arena.kill(random.pick(arena.victims()));
    }
    await arena.drained(300_000);
    const { duplicates, crashes, dead } = await arena.tally();
    return {
      faults: kills,
      figure: `${duplicates} restarts, ${crashes} crashes counted, ${dead} dead`,
    };
  },
};
