import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextRound } from 'node:timers/promises';
import type { Broker } from '../../src/broker/broker.js';
import { resolveWorkerOptions } from '../../src/resolve-options.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';

const SETTINGS = { redis: 'redis://127.0.0.1:1', namespace: 'nestwork', commandTimeoutMs: 1_000, queues: ['default'] };
const READY = JSON.stringify({ type: 'ready', settings: SETTINGS, catalog: [] });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('ends in order when its start fails, whatever it has heard of the session meanwhile', async () => {
  const entry = join(directory, 'entry.cjs');
  writeFileSync(entry, `process.send(${READY}); setInterval(() => {}, 1_000);`);
  const errors: unknown[] = [];
  const supervisor = new Supervisor({
    worker: resolveWorkerOptions({ children: 1 }),
    capacity: 4,
    environment: { NODE_OPTIONS: '' },
    program: { place: () => ({ directory, entry }) },
    logger: { log: () => {}, warn: () => {}, error: (error: unknown) => void errors.push(error) },
    // Redis was there, went away, came back, and refuses to serve
    connect: (_settings, restored) =>
      ({
        connect: async () => {
          await nextRound();
          restored();
          throw new Error('too old');
        },
      }) as unknown as Broker,
    services: () => [],
  });
  expect(await supervisor.run()).toBe(1);
  // Jest fails a test that leaves a rejection unhandled; in a process of its own that would have ended the supervisor
  await nextRound();
  expect(errors).toEqual(['too old']);
});
