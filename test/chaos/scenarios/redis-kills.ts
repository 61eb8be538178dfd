import { setTimeout as delay } from 'node:timers/promises';
import type { Scenario } from '../harness/scenario.js';
import { HASTY } from '../harness/settings.js';

/** SIGKILL of Redis under load; it comes back with its append-only file. */
export const redisKills: Scenario = {
  name: 'redis-kills',
  promise: 'a Redis with AOF (appendfsync always) that crashes loses nothing it acknowledged',
  arena: () => ({ ...HASTY, redisArgs: ['--appendonly', 'yes', '--appendfsync', 'always'] }),

  async run({ arena, random, short }) {
    const kills = short ? 3 : 30;
    const workers = [1, 2].map(() => arena.worker({ children: 2, concurrency: 2, lease: '5s' }));
    for (const worker of workers) await arena.booted(worker, 2);
    let producing = true;
    let sent = 0;
    const single = async (): Promise<void> => {
      while (producing) await arena.producer.send('work', [`single ${sent++}`, random.between(0, 3)]);
    };
    const bulk = async (): Promise<void> => {
      while (producing) {
        const calls = Array.from({ length: 50 }, (): [string, number] => [`bulk ${sent++}`, random.between(0, 3)]);
        await arena.producer.sendMany('work', calls);
        await delay(20); // about the time of the pending work
      }
    };
    const producers = [single(), single(), bulk()];
    for (let kill = 0; kill < kills; kill += 1) {
      const finished = arena.ledger.update().finishes.size;
      await arena.until('work goes on', () => arena.ledger.update().finishes.size > finished + 100);
      await delay(random.between(0, 100));
      await arena.server.kill('SIGKILL');
      await delay(random.between(0, 300));
      await arena.server.restart();
    }
    producing = false;
    await Promise.all(producers);
    await arena.drained();
    const { unconfirmed, unavailable } = arena.producer.trouble;
    return {
      faults: kills,
      figure: `${unconfirmed} calls unconfirmed and ${unavailable} refused, all repeated and added once`,
    };
  },
};
