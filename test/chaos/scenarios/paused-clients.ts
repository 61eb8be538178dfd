import type { Scenario } from '../harness/scenario.js';
import { HASTY } from '../harness/settings.js';
import { throughSilences } from './silent-redis.js';

/** CLIENT PAUSE for longer than the lease: the server lives and accepts connections, but keeps commands waiting. */
export const pausedClients: Scenario = {
  name: 'paused-clients',
  promise: 'a Redis that pauses its clients, or only their writes, for longer than the lease causes no extra start',
  arena: () => HASTY,

  run: (stage) =>
    throughSilences(stage, stage.short ? 2 : 12, async ({ arena }, ms, round) => {
      await arena.redis.call('CLIENT', 'PAUSE', String(ms), round % 2 === 0 ? 'ALL' : 'WRITE');
      await arena.redis.del('nothing'); // a write: it is answered when the pause is over
    }),
};
