import { SCRIPT_NAMES } from '../harness/fault-proxy.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

/** Called rarely: a good part of their replies is lost. */
const RARE = new Set(['open-session', 'register', 'close-session', 'reap', 'settle', 'release', 'bury']);
const CHANCE = { rare: 0.4, frequent: 0.05, blpop: 0.02 };
const LEASE = '1s';
const MOST_EXTRA = 5;

/** Replies of every script, of clients and of workers, that never arrive, although Redis executed the script. */
export const lostReplies: Scenario = {
  name: 'lost-replies',
  promise: 'a reply that is lost on the way makes no duplicate and strands nothing',
  arena: () => ({ proxied: true }),

  async run(stage) {
    const { arena, short } = stage;
    const armed = loseReplies(stage);
    const rounds = short ? 1 : 12;
    for (let round = 0; round < rounds; round += 1) {
      for (const name of SCRIPT_NAMES) armed.add(name);
      await disturbedLife(stage, round);
    }
    // a life in which nothing had to be given back, say, calls no release: another one will
    for (let extra = 0; armed.size > 0 && extra < MOST_EXTRA; extra += 1) await disturbedLife(stage, rounds + extra);
    arena.proxy.rule = () => false;
    const { lost } = arena.proxy;
    const counted = [...lost].sort().map(([name, times]) => `${name} ${times}`);
    const spared = SCRIPT_NAMES.filter((name) => !lost.has(name));
    return {
      faults: arena.proxy.total,
      figure: `lost replies: ${counted.join(', ')}`,
      problems: unless(spared.length === 0, `no reply was lost of: ${spared.join(', ')}`),
    };
  },
};

/** The next reply of an armed script is lost for certain, others by chance. */
function loseReplies({ arena, random }: Stage): Set<string> {
  const armed = new Set<string>();
  const known = new Set<string>(SCRIPT_NAMES);
  arena.proxy.rule = (name) => {
    if (name === 'blpop') return random.chance(CHANCE.blpop);
    if (!known.has(name)) return false;
    return armed.delete(name) || random.chance(RARE.has(name) ? CHANCE.rare : CHANCE.frequent);
  };
  return armed;
}

/** Everything that calls a script: load, failures, a stranded batch, a killed child, a stop, a killed supervisor. */
async function disturbedLife({ arena, random, short }: Stage, round: number): Promise<void> {
  const { producer } = arena;
  const first = arena.worker({ children: 2, concurrency: 1, lease: LEASE });
  await arena.booted(first, 2);
  for (let index = 0; index < 60; index += 1) await producer.send('work', [`single ${index}`, 0]);
  const many = Array.from({ length: short ? 1_000 : 3_000 }, (_, index): [string, number] => [`bulk ${index}`, 0]);
  await producer.sendMany('work', many);
  for (let index = 0; index < 5; index += 1) await producer.send('fail', [`failing ${index}`]);
  await arena.drained();
  // a batch with one long task at its head: the rest is given back
  await producer.sendMany('work', [
    [`long ${round};`, 400],
    ...many.slice(0, 40).map(([label]): [string, number] => [label, 0]),
  ]);
  await arena.drained();

  const second = arena.worker({ children: 2, concurrency: 1, lease: LEASE });
  await arena.booted(second, 2);
  const held = [`first ${round};`, `second ${round};`];
  for (const label of held) await producer.send('hold', [label, `gate ${round}`]);
  for (const label of held) await arena.started(label);
  // a child, then a whole worker: one is settled by its supervisor, the other reaped by the worker that is left
  const [busy] = held.flatMap((label) => arena.ledger.startsOf(label).map(({ pid }) => pid));
  arena.kill(busy as number);
  await arena.until('it runs again', () => held.flatMap((label) => arena.ledger.startsOf(label)).length >= 3);
  const [doomed, heir] = random.chance(0.5) ? [first, second] : [second, first];
  arena.kill(doomed.pid);
  await arena.until('all is held by the heir', () =>
    held.every((label) => arena.ledger.startsOf(label).at(-1)?.parent === heir.pid),
  );
  arena.open(`gate ${round}`);
  await arena.drained();
  heir.signal('SIGTERM');
  await heir.ended();
}
