import { nestwork } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import type { Stage } from '../harness/stage.js';
import { tasksPerSecond } from '../harness/tally.js';

const DAY_MS = 86_400_000;
const SCHEDULED = 1_000_000;
const PENDING = 2_000_000;

export const backlog: Figure = {
  id: 'backlog',
  title: 'Tasks per second beside a backlog',
  unit: 'tasks/s',
  better: 'higher',
  how:
    'One child runs 100,000 no-op tasks: on an otherwise empty Redis, on one with 1,000,000 tasks scheduled for tomorrow, ' +
    'and as the first of 2,000,000 pending ones.',
  contestants: [
    beside('nothing', async () => {}),
    beside('1,000,000 scheduled', (stage) => stage.schedule(nestwork, 'ping', SCHEDULED, Date.now() + DAY_MS)),
    beside('2,000,000 pending', (stage) => stage.fill(nestwork, 'ping', PENDING)),
  ],
  goals: [
    { of: '1,000,000 scheduled', against: 'nothing', atLeast: 0.95 },
    { of: '2,000,000 pending', against: 'nothing', atLeast: 0.95 },
  ],
  fullOnly: true,
};

function beside(name: string, prepare: (stage: Stage) => Promise<void>): Contestant {
  return {
    name,
    async measure(main) {
      const stage = await main.neighbour(name, prepare);
      const count = main.pick(100_000, 50_000);
      await stage.fill(nestwork, 'ping', count);
      const worker = stage.worker(nestwork);
      const sheets = await worker.finished(count);
      await worker.stop();
      return tasksPerSecond(sheets, count);
    },
  };
}
