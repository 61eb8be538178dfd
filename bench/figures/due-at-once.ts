import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import { monotonicMs } from '../harness/clock.js';
import type { Contestant, Figure } from '../harness/figure.js';
import { endOf } from '../harness/tally.js';

export const dueAtOnce: Figure = {
  id: 'due-at-once',
  title: 'Seconds until all tasks have run that were due at the same instant',
  unit: 's',
  better: 'lower',
  how:
    '50,000 no-op tasks (10,000 in a quick run), scheduled for one instant; one process, which has run a task before. ' +
    'nestwork at its default of concurrency 1, its peers at 50.',
  contestants: [
    runningWhenDue('nestwork', nestwork, 1, 4_000),
    runningWhenDue('bullmq', bullmq, 50, 8_000),
    runningWhenDue('bee-queue', beeQueue, 50, 8_000, true),
  ],
  goals: [{ of: 'nestwork', against: 'bullmq', atMost: 1 / 8 }],
  rounds: { full: 3, quick: 1 },
};

/** @param leadMs how long before the instant to begin: all must be scheduled by then */
function runningWhenDue(
  name: string,
  programs: Programs,
  concurrency: number,
  leadMs: number,
  fullOnly?: boolean,
): Contestant {
  return {
    name,
    fullOnly,
    async measure(stage) {
      const count = stage.pick(50_000, 10_000);
      const dueInMs = stage.pick(leadMs, leadMs / 2);
      const dueMs = monotonicMs() + dueInMs;
      const worker = stage.worker(programs, { concurrency });
      await stage.schedule(programs, 'ping', count, Date.now() + dueInMs);
      await stage.fill(programs, 'ping', 1);
      await worker.finished(1);
      if (monotonicMs() > dueMs) throw new Error(`${name} was not ready ${dueInMs} ms later.`);
      return (endOf(await worker.finished(1 + count)) - dueMs) / 1_000;
    },
  };
}
