import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Figure } from '../harness/figure.js';
import { type Sighting, Sightings } from '../harness/sightings.js';
import type { Stage } from '../harness/stage.js';

const WORKER = new URL('../nestwork/boot-worker.js', import.meta.url).pathname;
const PLAIN = new URL('../nestwork/plain-app.js', import.meta.url).pathname;
/** Memory that only the boot needs is free by then. */
const SETTLE_MS = 1_500;
const ROUNDS = { full: 9, quick: 3 };

export const boot: Figure = {
  id: 'boot',
  title: 'From the start of a child process to ready',
  unit: 'ms',
  better: 'lower',
  how:
    'A forked child with 60 trivial providers and one task class, from the start of its process to its `ready`; beside a ' +
    'forked plain Nest app with the same providers that has connected to Redis with ioredis.',
  contestants: [
    { name: 'nestwork', measure: (stage) => booted(stage, worker, ({ value }) => value) },
    { name: 'plain Nest', measure: (stage) => booted(stage, plain, ({ value }) => value) },
  ],
  goals: [{ of: 'nestwork', against: 'plain Nest', atMost: 1.3 }],
  rounds: ROUNDS,
};

export const childMemory: Figure = {
  id: 'child-memory',
  title: 'Resident memory of an idle child',
  unit: 'MB',
  better: 'lower',
  how: 'The same two processes, 1.5 s after they were ready, and the difference between them.',
  contestants: [
    { name: 'nestwork', measure: (stage) => booted(stage, worker, resident) },
    { name: 'plain Nest', measure: (stage) => booted(stage, plain, resident) },
    {
      name: 'nestwork over plain Nest',
      measure: async (stage) => {
        const ours = await booted(stage, worker, resident);
        await stage.clear();
        return ours - (await booted(stage, plain, resident));
      },
    },
  ],
  goals: [{ of: 'nestwork over plain Nest', atMost: 15 }],
  rounds: ROUNDS,
};

type Start = (stage: Stage, environment: { SIGHTINGS: string }) => void;

const worker: Start = (stage, environment) => void stage.start(WORKER, environment);
const plain: Start = (stage, environment) => void stage.callable(PLAIN, environment);

async function booted(
  stage: Stage,
  start: Start,
  look: (ready: Sighting) => number | Promise<number>,
): Promise<number> {
  const sightings = await Sightings.listen(stage.path(`boot-${process.hrtime.bigint()}`));
  start(stage, { SIGHTINGS: sightings.path });
  const seen = await look(await sightings.first('ready'));
  sightings.close();
  return seen;
}

async function resident({ pid }: Sighting): Promise<number> {
  await delay(SETTLE_MS);
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}
