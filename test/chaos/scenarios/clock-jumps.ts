import { type Scenario, type Stage, unless } from '../harness/scenario.js';

const LEASE_MS = 1_500;
const HOUR_MS = 3_600_000;
const JUMPS_MS = [-24 * HOUR_MS, 24 * HOUR_MS, -HOUR_MS, HOUR_MS, -2 * LEASE_MS, 2 * LEASE_MS, -LEASE_MS, LEASE_MS];

/** The clock of the Redis server is set, forwards and backwards, while tasks run. */
export const clockJumps: Scenario = {
  name: 'clock-jumps',
  promise: 'a Redis clock that jumps by up to 24 h in either direction causes no extra start',
  arena: () => ({ settableClock: true }),

  async run(stage) {
    const { arena, random, short } = stage;
    const workers = [1, 2].map(() => arena.worker({ children: 2, concurrency: 2, lease: LEASE_MS }));
    for (const worker of workers) await arena.booted(worker, 2);
    const jumps = short ? [JUMPS_MS[0], JUMPS_MS[1], random.pick(JUMPS_MS)] : [...JUMPS_MS, ...JUMPS_MS, ...JUMPS_MS];
    for (const [index, jump = 0] of jumps.entries()) {
      const held = `through jump ${index};`;
      await arena.producer.send('hold', [held, `gate ${index}`]);
      await arena.started(held);
      const calls = Array.from({ length: 300 }, (_, task): [string, number] => [`task ${task}`, random.between(0, 3)]);
      await arena.producer.sendMany('work', calls);
      await arena.clock.jump(jump);
      await leasesFollow(stage);
      arena.open(`gate ${index}`);
      await arena.drained();
    }
    const { duplicates } = await arena.tally();
    const lostLeases = arena.said('starting over');
    const how = arena.clock.real ? 'the clock of the server itself' : 'deadlines moved instead of the clock';
    return {
      faults: jumps.length,
      figure: `${duplicates} extra starts, ${lostLeases} leases lost (${how})`,
      problems: [
        ...unless(duplicates === 0, `${duplicates} extra starts`),
        ...unless(lostLeases === 0, `${lostLeases} leases were lost`),
      ],
    };
  },
};

/** Resolves when both supervisors have a deadline that fits the new time, for two renewals. */
async function leasesFollow({ arena }: Stage): Promise<void> {
  const target = (await arena.clock.now()) + LEASE_MS / 3;
  await arena.until('the leases follow the clock', async () => {
    const now = await arena.clock.now();
    const deadlines = (await arena.redis.zrange('{nestwork}:sessions', '0', '-1', 'WITHSCORES')).filter(
      (_, index) => index % 2 === 1,
    );
    const fit = deadlines.every((deadline) => Number(deadline) > now && Number(deadline) <= now + LEASE_MS);
    return now > target && deadlines.length === 2 && fit;
  });
}
