import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../harness/percentile.js';
import { isAlive } from '../harness/processes.js';
import type { Scenario, Stage } from '../harness/scenario.js';

const LIMIT_MS = 300;
const POLL_MS = 5;
const WORKER = { children: 3, concurrency: 3, lease: '5s' } as const;

/** Tasks that never end, awaiting or blocking, each with a hard timeout and a second attempt, among others that are fine. */
export const hardTimeouts: Scenario = {
  name: 'hard-timeouts',
  promise: 'the process is killed at most 250 ms late; its other tasks run elsewhere, uncounted',

  async run(stage) {
    const { arena, short, random } = stage;
    const stuck = short ? 6 : 60;
    const worker = arena.worker(WORKER);
    await arena.booted(worker, WORKER.children);
    for (let task = 0; task < stuck; task += 1) {
      const options = { hardTimeout: LIMIT_MS, retries: 1, backoff: 0 };
      await arena.producer.send(random.chance(0.5) ? 'freeze' : 'hold', [`stuck ${task};`, 'never'], options);
      const calls = Array.from({ length: 20 }, (_, call): [string, number] => [`fine ${task}.${call};`, 20]);
      await arena.producer.sendMany('work', calls);
    }
    const late = await watch(stage, stuck);
    await arena.drained();
    const attempts = arena.ledger.startsOf('stuck').length;
    const { crashes } = await arena.tally();
    return {
      faults: late.length,
      figure: `killed ${percentile(late, 50)} ms late at the median, ${Math.max(...late)} ms at most; ${attempts} attempts of ${stuck} tasks`,
      problems: crashes > stuck ? [`${crashes - stuck} attempts were counted against tasks that were fine`] : [],
    };
  },
};

/** How long after its limit each process was gone that a stuck task ran in. Resolves when all of them are dead. */
async function watch({ arena }: Stage, stuck: number): Promise<number[]> {
  const seen = new Set<string>();
  const pending: { pid: number; limitAt: number }[] = [];
  const late: number[] = [];
  while ((await arena.dead()).size < stuck) {
    for (const { id, pid, at } of arena.ledger.startsOf('stuck')) {
      const key = `${id} ${pid} ${at}`;
      if (seen.has(key)) continue;
      seen.add(key);
      arena.explain(pid, at + LIMIT_MS);
      pending.push({ pid, limitAt: at + LIMIT_MS });
    }
    for (const entry of [...pending]) {
      if (isAlive(entry.pid)) continue;
      pending.splice(pending.indexOf(entry), 1);
      late.push(Date.now() - entry.limitAt);
    }
    await delay(POLL_MS);
  }
  return late;
}
