import { type Scenario, unless } from '../harness/scenario.js';

const WORKER = { children: 2, concurrency: 2 } as const;

/** SIGTERM of one worker after another under load, each replaced first, as a deployment does it. */
export const rollingRestarts: Scenario = {
  name: 'rolling-restarts',
  promise: 'a deployment loses nothing, repeats nothing and counts no crash',

  async run({ arena, random, short }) {
    const restarts = short ? 3 : 20;
    let old = arena.worker(WORKER);
    await arena.booted(old, WORKER.children);
    let producing = true;
    let sent = 0;
    const load = async (): Promise<void> => {
      while (producing) {
        const calls = Array.from({ length: 200 }, (): [string, number] => [`task ${sent++}`, random.between(0, 20)]);
        await arena.producer.sendMany('work', calls);
        await arena.until('the queue is short', async () => (await arena.remaining()) < 200);
      }
    };
    const producer = load();
    const codes: (number | string)[] = [];
    for (let restart = 0; restart < restarts; restart += 1) {
      const next = arena.worker(WORKER);
      await arena.booted(next, WORKER.children);
      const finished = arena.ledger.update().finishes.size;
      await arena.until('work goes on', () => arena.ledger.update().finishes.size > finished + random.between(1, 300));
      old.signal('SIGTERM');
      codes.push(await old.ended());
      old = next;
    }
    producing = false;
    await producer;
    await arena.drained();
    const { crashes, duplicates } = await arena.tally();
    const deaths = arena.said('died');
    return {
      faults: restarts,
      figure: `${crashes} crashes counted, ${duplicates} duplicates`,
      problems: [
        ...unless(crashes === 0 && deaths === 0, `${crashes} crashes were counted, ${deaths} children died`),
        ...unless(
          codes.every((code) => code === 0),
          `exit codes ${codes.join(' ')}`,
        ),
      ],
    };
  },
};
