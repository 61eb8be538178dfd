import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure, Goal } from '../harness/figure.js';

const ONE_BY_ONE = 'one after another';
const CONCURRENTLY = '1,000 at once';
const MANY = 'lists of 1,000';

export const enqueue: Figure = {
  id: 'enqueue',
  title: 'Tasks per second enqueued',
  unit: 'tasks/s',
  better: 'higher',
  how:
    'One process with one connection: `delay()`, `add()`, `save()` awaited one after another; a thousand of them at once; ' +
    'and `delayMany()`, `addBulk()`, `saveAll()` with a thousand each. Each has made 5,000 calls of each kind before.',
  contestants: [enqueuing('nestwork', nestwork), enqueuing('bullmq', bullmq), enqueuing('bee-queue', beeQueue)],
  goals: [goal(ONE_BY_ONE, 1.5), goal(CONCURRENTLY, 4), goal(MANY, 6)],
};

function enqueuing(name: string, programs: Programs): Contestant {
  return {
    name,
    async measure(stage) {
      const producer = stage.producer(programs);
      await producer.warmUp();
      const oneByOne = await producer.call('oneByOne', stage.pick(5_000, 2_000));
      const concurrently = await producer.call('concurrently', stage.pick(30_000, 10_000));
      const many = await producer.call('many', stage.pick(60_000, 20_000));
      await producer.stop();
      return { [ONE_BY_ONE]: oneByOne, [CONCURRENTLY]: concurrently, [MANY]: many };
    },
  };
}

function goal(measure: string, atLeast: number): Goal {
  return { of: 'nestwork', against: 'bullmq', measure, atLeast };
}
