import { signalPid } from '../harness/processes.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

const WORKER = { children: 2, concurrency: 1, lease: '1s' } as const;

/** A whole worker is frozen until others have its tasks; then its children wake up and go on as if nothing had happened. */
export const lateAnswers: Scenario = {
  name: 'late-answers',
  promise: 'a child that was declared dead can neither claim nor finish',

  async run(stage) {
    const { arena, short } = stage;
    const rounds = short ? 1 : 8;
    const problems: string[] = [];
    let late = arena.worker(WORKER);
    await arena.booted(late, WORKER.children);
    for (let round = 0; round < rounds; round += 1) {
      const held = `held ${round};`;
      const id = await arena.producer.send('hold', [held, `gate ${round}`]);
      await arena.started(held);
      const other = arena.worker(WORKER);
      await arena.booted(other, WORKER.children);

      const children = arena.ledger.childrenOf(late.pid);
      for (const pid of [late.pid, ...children]) signalPid(pid, 'SIGSTOP');
      arena.explain(late.pid); // the lease runs out, and others may have its tasks
      await arena.started(held, 2);
      const refusedBefore = await refusals(stage);
      // the busy child finishes and acks, the idle one claims; their supervisor cannot send them anything
      arena.open(`gate ${round}.${arena.ledger.startsOf(held)[0]?.pid}`);
      for (const pid of children) signalPid(pid, 'SIGCONT');
      await arena.until('its late words are refused', async () => (await refusals(stage)) >= refusedBefore + 2);
      const holders = await arena.redis.keys('{nestwork}:claims:*');
      const holds = await Promise.all(holders.map((key) => arena.redis.hexists(key, id)));
      problems.push(...unless(holds.filter(Boolean).length === 1, `${id} was taken from its holder by a late word`));
      arena.open(`gate ${round}`);
      await arena.drained();
      signalPid(late.pid, 'SIGKILL');
      await late.ended();
      late = other;
    }
    const refused = await refusals(stage);
    const stale = Number(await arena.redis.hget('{nestwork}:stats', 'stale-acks'));
    problems.push(...unless(stale >= rounds, `${stale} acks were counted as stale, of ${rounds} or more`));
    return {
      faults: rounds,
      figure: `${refused} late claims and acks refused, ${stale} acks counted as stale`,
      problems,
    };
  },
};

/** How often a script has refused a child whose lease was lost. */
async function refusals({ arena }: Stage): Promise<number> {
  return Number(/errorstat_LEASE_LOST:count=(\d+)/.exec(await arena.redis.info('errorstats'))?.[1] ?? 0);
}
