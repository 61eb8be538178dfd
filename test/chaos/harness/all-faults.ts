import { setTimeout as delay } from 'node:timers/promises';
import type { ArenaOptions } from './arena.js';
import type { Stage } from './scenario.js';
import { HASTY } from './settings.js';

const WORKER = { children: 2, concurrency: 4, lease: '2s' } as const;
const LOST = 0.004;
const MAX_WAIT_MS = 300;

/** The work that a scenario sends under all faults. */
export interface Load {
  /** as messages name its units */
  readonly units: string;
  /** how many units it has */
  readonly count: number;
  send(): Promise<void>;
  /** Counts the units that have ended. */
  ended(): number;
}

/** Options of an arena that survives all faults. */
export const ENDURING: ArenaOptions = {
  ...HASTY,
  proxied: true,
  redisArgs: ['--appendonly', 'yes', '--appendfsync', 'always'],
};

/** Sends a load to two workers. Meanwhile it loses replies, and breaks something each time that units have ended. */
export async function underAllFaults(stage: Stage, faults: number, load: Load): Promise<void> {
  const { arena, random } = stage;
  const workers = [arena.worker(WORKER), arena.worker(WORKER)];
  for (const worker of workers) await arena.booted(worker, WORKER.children);
  arena.proxy.rule = (name) => name !== 'blpop' && random.chance(LOST);
  const sending = load.send();
  for (let fault = 0; fault < faults; fault += 1) {
    const ended = load.ended();
    await arena.until(`${load.units} end`, () => load.ended() > Math.min(ended, load.count - 2));
    await delay(random.between(0, MAX_WAIT_MS));
    await breakSomething(stage, fault);
  }
  await sending;
  arena.proxy.rule = () => false;
}

/**
 * Kills a child mostly, every eighth time a supervisor, for which another one starts, and every eighth time Redis.
 *
 * @param fault counts up
 */
async function breakSomething({ arena, random }: Stage, fault: number): Promise<void> {
  if (fault % 8 === 7) {
    await arena.server.kill('SIGKILL');
    await delay(random.between(0, MAX_WAIT_MS));
    await arena.server.restart();
  } else if (fault % 8 === 3) {
    const doomed = random.pick(arena.workers.filter(({ running }) => running));
    arena.kill(doomed.pid);
    const heir = arena.worker(WORKER);
    await arena.booted(heir, WORKER.children);
  } else {
    const victims = arena.victims();
    if (victims.length > 0) arena.kill(random.pick(victims));
  }
}
