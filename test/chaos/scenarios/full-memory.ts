import { NestworkError } from 'nestwork';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

const LEASE_MS = 1_000;
const BALLAST = 'x'.repeat(10_000);
const REFUSALS = 50;

/** Redis reaches maxmemory: while it is full tasks run, leases are renewed, and another worker starts. */
export const fullMemory: Scenario = {
  name: 'full-memory',
  promise: 'a full Redis refuses new tasks, keeps every lease and runs empty',
  arena: (short) => ({ redisArgs: ['--maxmemory', short ? '8mb' : '64mb', '--maxmemory-policy', 'noeviction'] }),

  async run(stage) {
    const { arena, short } = stage;
    const rounds = short ? 1 : 3;
    const problems: string[] = [];
    let refused = 0;
    const first = arena.worker({ children: 2, concurrency: 1, lease: LEASE_MS });
    await arena.booted(first, 2);
    for (let round = 0; round < rounds; round += 1) {
      const held = [`a ${round};`, `b ${round};`];
      for (const label of held) await arena.producer.send('hold', [label, `gate ${round}`]);
      for (const label of held) await arena.started(label);
      refused += await fill(stage, problems);
      await twoLeases(stage);
      const helper = arena.worker({ children: 1, concurrency: 1, lease: LEASE_MS });
      const finished = arena.ledger.update().finishes.size;
      await arena.until('another worker drains it', () => arena.ledger.update().finishes.size > finished);
      arena.open(`gate ${round}`);
      await arena.drained();
      await arena.producer.sendOnce('carry', [`after ${round}`, BALLAST]);
      await arena.drained();
      helper.signal('SIGTERM');
      await helper.ended();
    }
    const { duplicates } = await arena.tally();
    return {
      faults: rounds,
      figure: `${refused} calls refused with REDIS_OUT_OF_MEMORY, ${duplicates} extra starts`,
      problems: [...problems, ...unless(duplicates === 0, `${duplicates} extra starts`)],
    };
  },
};

/** Enqueues until Redis refuses again and again. Resolves to the number of refusals. */
async function fill({ arena }: Stage, problems: string[]): Promise<number> {
  let refused = 0;
  for (let sent = 0; refused < REFUSALS; sent += 1) {
    try {
      await arena.producer.sendOnce('carry', [`ballast ${sent}`, BALLAST]);
    } catch (error) {
      refused += 1;
      const code = error instanceof NestworkError ? error.code : String(error);
      if (code !== 'REDIS_OUT_OF_MEMORY') problems.push(`refused with ${code}`);
    }
  }
  return refused;
}

/** Resolves when the lease has been renewed for two leases more. */
async function twoLeases({ arena }: Stage): Promise<void> {
  const until = (await arena.clock.now()) + 2 * LEASE_MS;
  await arena.until('the lease is renewed', async () => {
    const deadlines = await arena.redis.zrange('{nestwork}:sessions', '0', '-1', 'WITHSCORES');
    return Number(deadlines[1]) > until;
  });
}
