import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../harness/scenario.js';
import { HASTY } from '../harness/settings.js';
import { throughSilences } from './silent-redis.js';

/** SIGSTOP of Redis for longer than the lease, while tasks run and others are enqueued. */
export const frozenRedis: Scenario = {
  name: 'frozen-redis',
  promise: 'a Redis that answers nothing for longer than the lease causes no extra start',
  arena: () => HASTY,

  run: (stage) =>
    throughSilences(stage, stage.short ? 2 : 12, async ({ arena }, ms) => {
      arena.server.pause();
      await delay(ms); // the fault itself
      arena.server.resume();
    }),
};
