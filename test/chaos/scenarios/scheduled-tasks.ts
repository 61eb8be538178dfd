import { percentile } from '../harness/percentile.js';
import type { Scenario, Stage } from '../harness/scenario.js';

const WORKER = { children: 2, concurrency: 1, lease: 1_500 } as const;

/** Tasks that are due later, with a promoter killed again and again, and how punctual they are when nothing is broken. */
export const scheduledTasks: Scenario = {
  name: 'scheduled-tasks',
  promise: 'each runs once, not before its time, whichever supervisor dies',

  async run(stage) {
    const { arena, short, random } = stage;
    const kills = short ? 2 : 20;
    let doomed = arena.worker(WORKER);
    await arena.booted(doomed, WORKER.children);
    const punctuality = await measure(stage, short ? 100 : 2_000);

    const spanMs = kills * 1_500;
    const sentAt = Date.now();
    const dueIn = Array.from({ length: kills * 250 }, () => random.between(0, spanMs));
    for (const due of dueIn) await arena.producer.send('work', [`due ${due};`, 0], { eta: new Date(sentAt + due) });
    for (let kill = 0; kill < kills; kill += 1) {
      const heir = arena.worker(WORKER);
      await arena.booted(heir, WORKER.children);
      arena.kill(doomed.pid);
      doomed = heir;
    }
    await arena.drained();
    const early = arena.ledger
      .startsOf('due')
      .filter(({ at, label }) => at < sentAt + Number.parseInt(label.slice(4), 10));
    return {
      faults: kills,
      figure: `undisturbed ${punctuality}`,
      problems: early.map(({ id, label }) => `${id} (${label}) ran too early`),
    };
  },
};

/** How late tasks start that are due one by one, 5 to 15 ms apart, while nothing else happens. */
async function measure({ arena, random }: Stage, tasks: number): Promise<string> {
  const dues: number[] = [];
  let due = Date.now() + 1_000;
  for (let task = 0; task < tasks; task += 1) {
    due = Math.max(due, Date.now() + 200) + random.between(5, 15);
    dues.push(due);
    await arena.producer.send('work', [`idle ${task};`, 0], { eta: new Date(due) });
  }
  await arena.drained();
  const late = arena.ledger
    .startsOf('idle')
    .map(({ at, label }) => at - (dues[Number.parseInt(label.slice(5), 10)] ?? 0));
  return `${percentile(late, 50)} ms late at the median, ${percentile(late, 99)} ms at the 99th percentile`;
}
