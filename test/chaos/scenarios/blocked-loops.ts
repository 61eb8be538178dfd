import { availableParallelism } from 'node:os';
import { type Scenario, unless } from '../harness/scenario.js';

const LEASE_MS = 1_000;
const LEASES = 3;

/** Tasks that compute for three leases without ever yielding, with as many children as cores and with three times as many. */
export const blockedLoops: Scenario = {
  name: 'blocked-loops',
  promise: 'a task that blocks its process keeps its lease as long as its supervisor lives',

  async run({ arena, short }) {
    const cores = availableParallelism();
    const crews = short ? [3 * cores] : [cores, 3 * cores, 3 * cores];
    let burned = 0;
    for (const children of crews) {
      const worker = arena.worker({ children, concurrency: 1, lease: LEASE_MS });
      await arena.booted(worker, children);
      const rounds = short ? 1 : 2;
      const calls = Array.from({ length: rounds * children }, (): [string, number] => {
        burned += 1;
        return [`burn ${burned};`, LEASES * LEASE_MS];
      });
      await arena.producer.sendMany('burn', calls);
      await arena.producer.sendMany(
        'work',
        Array.from({ length: 100 }, (_, index): [string, number] => [`behind ${index}`, 0]),
      );
      await arena.drained();
      worker.signal('SIGTERM');
      await worker.ended();
    }
    const lostLeases = arena.said('starting over');
    return {
      faults: burned,
      figure: `blocked for ${LEASES} leases, ${Math.max(...crews)} children on ${cores} cores, ${lostLeases} leases lost`,
      problems: unless(lostLeases === 0, `${lostLeases} leases were lost`),
    };
  },
};
