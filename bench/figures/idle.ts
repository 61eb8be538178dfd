import { setTimeout as delay } from 'node:timers/promises';
import { beeQueue, bullmq, nestwork, type Programs } from '../contestants.js';
import type { Contestant, Figure } from '../harness/figure.js';
import type { Stage } from '../harness/stage.js';

const SETTLE_MS = 1_000;
const SENT = 'sent';
const EXECUTED = 'executed';

export const idle: Figure = {
  id: 'idle',
  title: 'Redis commands per second of an idle worker, per process',
  unit: 'commands/s',
  better: 'lower',
  how:
    'Counted by `MONITOR` for 20 s (5 s in a quick run): commands that processes send, and all that Redis executes, those ' +
    'within scripts included. nestwork has a supervisor and two children, its peers have one process.',
  contestants: [
    idling('nestwork', nestwork, 3),
    idling('bullmq', bullmq, 1, true),
    idling('bee-queue', beeQueue, 1, true),
  ],
  goals: [
    { of: 'nestwork', measure: SENT, atMost: 1 },
    { of: 'nestwork', measure: EXECUTED, atMost: 1 },
  ],
  rounds: { full: 1, quick: 1 },
};

function idling(name: string, programs: Programs, processes: number, fullOnly?: boolean): Contestant {
  return {
    name,
    fullOnly,
    async measure(stage) {
      const worker = stage.worker(programs, { children: processes - 1 });
      await stage.fill(programs, 'ping', 1);
      await worker.finished(1);
      await delay(SETTLE_MS);
      const seconds = stage.pick(20, 5);
      const { sent, executed } = await count(stage, seconds);
      return { [SENT]: sent / seconds / processes, [EXECUTED]: executed / seconds / processes };
    },
  };
}

async function count({ redis }: Stage, seconds: number): Promise<{ sent: number; executed: number }> {
  let [sent, executed] = [0, 0];
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, _command: string[], source: string) => {
    executed += 1;
    if (source !== 'lua') sent += 1;
  });
  await delay(seconds * 1_000);
  monitor.disconnect();
  return { sent, executed };
}
