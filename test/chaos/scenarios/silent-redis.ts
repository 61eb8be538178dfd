import { type Findings, type Stage, unless } from '../harness/scenario.js';

const LEASE_MS = 1_000;

/** Redis answers nothing for so many ms; resolves when it answers again. */
export type Silence = (stage: Stage, ms: number, round: number) => Promise<void>;

/** Plays outages longer than the lease, while tasks run and others are enqueued: nothing may start twice. */
export async function throughSilences(stage: Stage, outages: number, silence: Silence): Promise<Findings> {
  const { arena, random } = stage;
  const workers = [1, 2].map(() => arena.worker({ children: 2, concurrency: 2, lease: LEASE_MS }));
  for (const worker of workers) await arena.booted(worker, 2);
  let longest = 0;
  for (let outage = 0; outage < outages; outage += 1) {
    const held = `through outage ${outage};`;
    await arena.producer.send('hold', [held, `gate ${outage}`]);
    await arena.started(held);
    const calls = Array.from({ length: 1_000 }, (_, index): [string, number] => [
      `task ${index}`,
      random.between(0, 3),
    ]);
    await arena.producer.sendMany('work', calls);
    const ms = random.between(1_200, 3_500);
    longest = Math.max(longest, ms);
    const over = silence(stage, ms, outage);
    const meanwhile = arena.producer.sendMany('work', calls.slice(0, 100));
    await Promise.all([over, meanwhile]);
    arena.open(`gate ${outage}`);
    await arena.drained();
  }
  const { duplicates } = await arena.tally();
  const lostLeases = arena.said('starting over');
  return {
    faults: outages,
    figure: `silent for up to ${longest} ms with a lease of ${LEASE_MS}: ${duplicates} extra starts`,
    problems: [
      ...unless(duplicates === 0, `${duplicates} extra starts`),
      ...unless(lostLeases === 0, `${lostLeases} leases were lost`),
    ],
  };
}
