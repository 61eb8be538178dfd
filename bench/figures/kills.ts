import { probe } from '../contestants.js';
import { monotonicMs } from '../harness/clock.js';
import type { Contestant, Figure } from '../harness/figure.js';
import { percentile } from '../harness/goals.js';
import { Sightings } from '../harness/sightings.js';
import type { Stage } from '../harness/stage.js';

const CHILDREN = 2;

export const kills: Figure = {
  id: 'kills',
  title: 'From the SIGKILL of a child to the start of its task in an idle sibling',
  unit: 'ms',
  better: 'lower',
  how:
    'A worker with two children. The one that runs a task is killed; the other one, which waits for work, gets the task. ' +
    'Meanwhile the replacement of the killed child boots on the same cores. The next kill comes when it waits for work, too.',
  contestants: [killed()],
  goals: [{ of: 'nestwork', measure: 'p99', atMost: 50 }],
  rounds: { full: 3, quick: 1 },
};

function killed(): Contestant {
  return {
    name: 'nestwork',
    async measure(stage) {
      const sightings = await Sightings.listen(stage.path('kills'));
      stage.start(probe.worker, { SIGHTINGS: sightings.path, CHILDREN: String(CHILDREN), CONCURRENCY: '1' });
      const producer = stage.callable(probe.producer);
      const waits: number[] = [];
      for (let number = 0; number < stage.pick(70, 20); number += 1) {
        await sightings.count('boot', CHILDREN + number);
        await idle(stage);
        await producer.call('doom', number);
        const { pid } = await sightings.first('doomed', ({ value }) => value === number);
        const killedAtMs = monotonicMs();
        process.kill(pid, 'SIGKILL');
        const { atMs } = await sightings.first('rescued', ({ value }) => value === number);
        waits.push(atMs - killedAtMs);
      }
      sightings.close();
      return { p50: percentile(waits, 50), p99: percentile(waits, 99), max: Math.max(...waits) };
    },
  };
}

/** Resolves when all children block on their bells; the supervisor blocks on its alarm. */
function idle(stage: Stage): Promise<void> {
  return stage.until('all children wait for work', async () => {
    const clients = (await stage.redis.client('LIST')) as string;
    return clients.split('\n').filter((line) => / flags=b .* cmd=blpop /.test(line)).length > CHILDREN;
  });
}
