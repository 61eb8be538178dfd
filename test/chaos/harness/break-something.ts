import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerOptions } from 'nestwork';
import type { Stage } from './scenario.js';

const MAX_WAIT_MS = 300;

/**
 * One of all kinds of faults, after a moment: mostly a child is killed, every eighth time a supervisor, for which another one starts, and
 * every eighth time Redis.
 *
 * @param fault counts up
 * @param worker the options of all workers
 */
export async function breakSomething(
  { arena, random }: Stage,
  fault: number,
  worker: WorkerOptions & { readonly children: number },
): Promise<void> {
  await delay(random.between(0, MAX_WAIT_MS));
  if (fault % 8 === 7) {
    await arena.server.kill('SIGKILL');
    await delay(random.between(0, MAX_WAIT_MS));
    await arena.server.restart();
  } else if (fault % 8 === 3) {
    const doomed = random.pick(arena.workers.filter(({ running }) => running));
    arena.kill(doomed.pid);
    const heir = arena.worker(worker);
    await arena.booted(heir, worker.children);
  } else {
    const victims = arena.victims();
    if (victims.length > 0) arena.kill(random.pick(victims));
  }
}
