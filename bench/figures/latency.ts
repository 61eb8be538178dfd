import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import { percentile } from '../harness/goals.js';
import type { TaskKind } from '../harness/producer.js';

const PAUSE_MS = 4;
/** The first ones find code that is not compiled yet. */
const WARM_UP = 100;
const KIND: TaskKind = 'stamp';

export const latency: Figure = {
  id: 'latency',
  title: 'From the call that enqueues to the start of the task, on an idle worker',
  unit: 'ms',
  better: 'lower',
  how: 'One task after the other, with a pause of 4 ms that lets the worker fall idle; producer and worker are two processes.',
  contestants: [answering('nestwork', nestwork), answering('bullmq', bullmq), answering('bee-queue', beeQueue, true)],
  goals: [
    { of: 'nestwork', against: 'bullmq', measure: 'p50', atMost: 1 },
    { of: 'nestwork', against: 'bullmq', measure: 'p99', atMost: 1 },
  ],
};

function answering(name: string, programs: Programs, fullOnly?: boolean): Contestant {
  return {
    name,
    fullOnly,
    async measure(stage) {
      const count = stage.pick(600, 300) + WARM_UP;
      const worker = stage.worker(programs, { kind: KIND });
      const producer = stage.producer(programs);
      await producer.call('stamps', 1, 0);
      await worker.finished(1);
      await producer.call('stamps', count, PAUSE_MS);
      const [sheet] = await worker.finished(1 + count);
      const waits = sheet?.notes.slice(1 + WARM_UP) ?? [];
      return { p50: percentile(waits, 50), p99: percentile(waits, 99) };
    },
  };
}
