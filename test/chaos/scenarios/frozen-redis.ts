import { setTimeout as delay } from 'node:timers/promises';
import { type Scenario, unless } from '../harness/scenario.js';

const LEASE_MS = 1_000;

/** SIGSTOP of Redis for longer than the lease, while tasks run and others are enqueued. */
export const frozenRedis: Scenario = {
  name: 'frozen-redis',
  promise: 'a Redis that answers nothing for longer than the lease causes no extra start',

  async run({ arena, random, short }) {
    const freezes = short ? 2 : 12;
    const workers = [1, 2].map(() => arena.worker({ children: 2, concurrency: 2, lease: LEASE_MS }));
    for (const worker of workers) await arena.booted(worker, 2);
    let longest = 0;
    for (let freeze = 0; freeze < freezes; freeze += 1) {
      const held = `through freeze ${freeze};`;
      await arena.producer.send('hold', [held, `gate ${freeze}`]);
      await arena.started(held);
      const calls = Array.from({ length: 1_000 }, (_, index): [string, number] => [
        `task ${index}`,
        random.between(0, 3),
      ]);
      await arena.producer.sendMany('work', calls);
      arena.server.pause();
      const meanwhile = arena.producer.sendMany('work', calls.slice(0, 100));
      const frozenMs = random.between(1_200, 3_500);
      longest = Math.max(longest, frozenMs);
      await delay(frozenMs); // the fault itself
      arena.server.resume();
      await meanwhile;
      arena.open(`gate ${freeze}`);
      await arena.drained();
    }
    const { duplicates } = await arena.verdict();
    const lostLeases = arena.said('starting over');
    return {
      faults: freezes,
      figure: `frozen for up to ${longest} ms with a lease of ${LEASE_MS}: ${duplicates} extra starts`,
      problems: [
        ...unless(duplicates === 0, `${duplicates} extra starts`),
        ...unless(lostLeases === 0, `${lostLeases} leases were lost`),
      ],
    };
  },
};
