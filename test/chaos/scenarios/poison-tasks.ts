import { type Scenario, unless } from '../harness/scenario.js';

const POISONS = ['exit', 'abort', 'segfault', 'exhaust'];
const WORKER = { children: 2, concurrency: 3, lease: '30s' } as const;
/** So that a heap is exhausted within a second. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=64' };
const CRASHES = 3;

/** Tasks that take their process with them, each in another way, among innocent ones. */
export const poisonTasks: Scenario = {
  name: 'poison-tasks',
  promise: 'a task that kills its process is dead after 3 crashes; its companions succeed, uncounted',

  async run({ arena, random, short }) {
    const rounds = short ? 1 : 5;
    const worker = arena.worker(WORKER, SMALL_HEAP);
    await arena.booted(worker, WORKER.children);
    const poisoned = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      for (const poison of POISONS) {
        const companions = Array.from({ length: 30 }, (): [string, number] => ['companion', random.between(5, 30)]);
        await arena.producer.sendMany('work', companions.slice(15));
        poisoned.add(await arena.producer.send(poison, [`poison ${poison} ${round};`]));
        await arena.producer.sendMany('work', companions.slice(0, 15));
      }
      await arena.drained();
    }
    const starts = arena.ledger.startsOf('poison');
    for (const { pid, at } of starts) arena.explain(pid, at);
    const dead = await arena.dead();
    const survivors = [...poisoned].filter((id) => !dead.get(id)?.includes('"CRASHED"'));
    const innocent = [...dead.keys()].filter((id) => !poisoned.has(id));
    const counted = arena.ledger.startsOf('companion').filter(({ attempt }) => attempt > 1);
    const crashes = [...poisoned].map((id) =>
      Math.max(...starts.filter((run) => run.id === id).map((run) => run.attempt)),
    );
    return {
      faults: starts.length,
      figure: `${poisoned.size} poison tasks dead after ${Math.max(...crashes)} crashes, ${innocent.length} of their companions`,
      problems: [
        ...unless(survivors.length === 0, `not dead: ${survivors.join(' ')}`),
        ...unless(innocent.length === 0, `dead though innocent: ${innocent.join(' ')}`),
        ...unless(counted.length === 0, `${counted.length} crashes were counted against companions`),
        ...unless(
          crashes.every((times) => times === CRASHES),
          `crashes until death: ${crashes.join(' ')}`,
        ),
      ],
    };
  },
};
