import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';

export const eventLoop: Figure = {
  id: 'event-loop',
  title: 'How long a call keeps the event loop of an app busy that only enqueues',
  unit: 'us',
  better: 'lower',
  how:
    'The time in which the event loop did not wait, by its own count, for each `delay()`, `add()`, `save()`: awaited one ' +
    'after another, and a thousand at once. Each has made 5,000 calls of each kind before.',
  contestants: [busy('nestwork', nestwork), busy('bullmq', bullmq), busy('bee-queue', beeQueue)],
  goals: [],
};

function busy(name: string, programs: Programs): Contestant {
  return {
    name,
    async measure(stage) {
      const producer = stage.producer(programs);
      await producer.warmUp();
      const oneByOne = await producer.call('busyOneByOne', stage.pick(5_000, 2_000));
      const concurrently = await producer.call('busyConcurrently', stage.pick(30_000, 10_000));
      await producer.stop();
      return { 'one after another': oneByOne, '1,000 at once': concurrently };
    },
  };
}
