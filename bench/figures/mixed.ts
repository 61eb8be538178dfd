import { setTimeout as delay } from 'node:timers/promises';
import { probe } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import { Sightings } from '../harness/sightings.js';
import { worstWaitWhileIdle } from '../harness/waits.js';

const CHILDREN = 4;
const SHORT_MS = 1;
const LONG_MS = 2_000;
const EVERY_MS = 100;

export const mixed: Figure = {
  id: 'mixed',
  title: 'Longest wait of a 1 ms task while a child was idle, among 2 s tasks',
  unit: 'ms',
  better: 'lower',
  how:
    'Four children. Every 100 ms a burst of 20 tasks of 1 ms comes in; one in ten bursts has a task of 2 s in its middle. For ' +
    'each short task, the time between its arrival in the queue and its start in which at least one child ran nothing; the worst ' +
    'of all. `wait` tasks await a timer, `block` tasks keep their process busy, so that up to three of them share two cores.',
  contestants: [
    mix('wait c1', 1, false),
    mix('block c1', 1, true),
    mix('wait c10', 10, false),
    mix('block c10', 10, true),
  ],
  goals: ['wait c1', 'block c1', 'wait c10', 'block c10'].map((of) => ({ of, measure: 'worst', atMost: 150 })),
  rounds: { full: 3, quick: 1 },
};

function mix(name: string, concurrency: number, blocks: boolean): Contestant {
  return {
    name,
    async measure(stage) {
      const sightings = await Sightings.listen(stage.path(`mixed-${name.replace(' ', '-')}`));
      const environment = { SIGHTINGS: sightings.path, CHILDREN: String(CHILDREN), CONCURRENCY: String(concurrency) };
      stage.start(probe.worker, environment);
      const producer = stage.callable(probe.producer);
      await sightings.count('boot', CHILDREN);
      const arrivedAtMs = new Map<number, number>();
      let sent = 0;
      for (let burst = 0; burst < stage.pick(150, 60); burst += 1) {
        const calls = Array.from({ length: 20 }, (_, index): [number, number, boolean] => {
          sent += 1;
          return [sent, burst % 10 === 5 && index === 10 ? LONG_MS : SHORT_MS, blocks];
        });
        const atMs = (await producer.call('send', calls)) as number;
        for (const [number, ms] of calls) if (ms === SHORT_MS) arrivedAtMs.set(number, atMs);
        await delay(EVERY_MS);
      }
      await sightings.count('end', sent);
      sightings.close();
      return worstWaitWhileIdle(sightings.all, arrivedAtMs, CHILDREN);
    },
  };
}
