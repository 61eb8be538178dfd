import { childrenOf, isAlive } from '../harness/processes.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

const LEASE_MS = 1_500;
const CHILDREN = 3;
const WORKER = { children: CHILDREN, concurrency: 1, lease: LEASE_MS } as const;
const ORPHAN_MS = 2_000;
const REQUEUE_MS = LEASE_MS + 2_000;
/** The short version runs beside other tests, and a supervisor that is held up forgives a lease: then it takes longer. */
const SHORT_SLACK_MS = 6_000;

/** SIGKILL of a supervisor with a blocked, a waiting and an idle or just forked child; another one is there to take over. */
export const supervisorKills: Scenario = {
  name: 'supervisor-kills',
  promise: 'no orphan after 2 s; its tasks run elsewhere within lease + 2 s',

  async run({ arena, short }) {
    const rounds = short ? 2 : 20;
    const slack = short ? SHORT_SLACK_MS : 0;
    let slowestEnd = 0;
    let slowestBoot = 0;
    let slowestRestart = 0;
    let doomed = arena.worker(WORKER);
    await arena.booted(doomed, CHILDREN);
    for (let round = 0; round < rounds; round += 1) {
      const tasks = [`blocked ${round};`, `waiting ${round};`];
      await arena.producer.send('freeze', [tasks[0] as string, `gate ${round}`]);
      await arena.producer.send('hold', [tasks[1] as string, `gate ${round}`]);
      for (const task of tasks) await arena.started(task);
      const heir = arena.worker(WORKER);
      await arena.booted(heir, CHILDREN);

      if (round % 2 === 1) await replaceIdleChild(arena, doomed.pid, tasks);
      const children = childrenOf(doomed.pid);
      const booted = new Set(arena.ledger.childrenOf(doomed.pid));
      const killedAt = Date.now();
      arena.kill(doomed.pid);
      await arena.until('its children are gone', () => !children.some((pid) => booted.has(pid) && isAlive(pid)));
      slowestEnd = Math.max(slowestEnd, Date.now() - killedAt);
      for (const task of tasks) {
        await arena.started(task, 2);
        const restartedAt = arena.ledger.startsOf(task)[1]?.at ?? Number.POSITIVE_INFINITY;
        slowestRestart = Math.max(slowestRestart, restartedAt - killedAt);
      }
      // one that still loads its code can only look when it has done so
      await arena.until('what was booting is gone too', () => !children.some(isAlive));
      if (round % 2 === 1) slowestBoot = Math.max(slowestBoot, Date.now() - killedAt);
      arena.open(`gate ${round}`);
      await arena.drained();
      doomed = heir;
    }
    return {
      faults: rounds,
      figure: `children gone after ${slowestEnd} ms, one still booting after ${slowestBoot} ms; tasks run again after ${slowestRestart} ms (lease ${LEASE_MS})`,
      problems: [
        ...unless(slowestEnd <= ORPHAN_MS + slack, `a child outlived its supervisor by ${slowestEnd} ms`),
        ...unless(slowestRestart <= REQUEUE_MS + slack, `tasks ran again only after ${slowestRestart} ms`),
      ],
    };
  },
};

/** Resolves when the supervisor has just forked a child in place of its idle one: that one finds out while it boots. */
async function replaceIdleChild(arena: Stage['arena'], supervisor: number, tasks: readonly string[]): Promise<void> {
  const busy = tasks.flatMap((task) => arena.ledger.startsOf(task).map(({ pid }) => pid));
  const before = childrenOf(supervisor);
  const idle = before.find((pid) => !busy.includes(pid));
  if (idle !== undefined) arena.kill(idle);
  await arena.until('a child is forked', () => childrenOf(supervisor).some((pid) => !before.includes(pid)));
}
