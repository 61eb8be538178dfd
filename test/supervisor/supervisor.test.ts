import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextRound } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Broker } from '../../src/broker/port/broker.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { WorkerOptions } from '../../src/options/options.js';
import { resolveWorkerOptions } from '../../src/options/resolve-options.js';
import { Supervisor, type SupervisorOptions } from '../../src/supervisor/supervisor.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const SETTINGS = { redis: 'redis://127.0.0.1:1', namespace: 'nestwork', commandTimeoutMs: 1_000, queues: ['default'] };
const READY = JSON.stringify({ type: 'ready', settings: SETTINGS, catalog: [] });
// not for the children: Jest's own
process.env.NODE_OPTIONS = '';

const HANG = 'setInterval(() => {}, 1_000);';

let directory: string;
let log: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nestwork-test-'));
  log = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

/** A supervisor whose children run a script, as a child runs the same file as its supervisor. */
function supervisorOf(script: string, connect: SupervisorOptions['connect'], options: WorkerOptions = {}): Supervisor {
  const entry = join(directory, 'entry.cjs');
  writeFileSync(entry, script);
  const record = (line: unknown): void => void log.push(String(line));
  return new Supervisor({
    worker: resolveWorkerOptions({ children: 1, ...options }),
    capacity: 4,
    appName: undefined,
    program: { place: () => ({ directory, entry }) },
    logger: { log: record, warn: record, error: record },
    connect,
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

function logged(text: string): () => boolean {
  return () => log.some((line) => line.includes(text));
}

it('a supervisor ends in order when its start fails, also if its session was reaped in the meantime', async () => {
  const supervisor = supervisorOf(
    `process.send(${READY}); ${HANG}`,
    // Redis was there, went away, came back, and refuses to serve
    (_settings, restored) =>
      ({
        connect: async () => {
          await nextRound();
          restored();
          throw new Error('too old');
        },
      }) as unknown as Broker,
  );
  expect(await supervisor.run()).toBe(1);
  // Jest fails a test that leaves a rejection unhandled; in a process of its own that would have ended the supervisor
  await nextRound();
  expect(log).toEqual(['too old']);
});

it('a supervisor logs a first child that has been booting for 30 s', async () => {
  const pidFile = JSON.stringify(join(directory, 'pid'));
  const supervisor = supervisorOf(`require('fs').writeFileSync(${pidFile}, String(process.pid)); ${HANG}`, () => {
    throw new Error('nothing has booted');
  });
  const ended = supervisor.run();
  await until(() => existsSync(join(directory, 'pid')));
  const { now } = performance;
  jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 31_000);
  await until(logged('it has been booting for 30 s'));
  process.kill(Number(readFileSync(join(directory, 'pid'))), 'SIGKILL');
  expect(await ended).toBe(1);
});

it('a supervisor forks a replacement that does not boot within `bootTimeout` again, until one does', async () => {
  const fixture = await BrokerFixture.start();
  const broker = new RedisBroker({ ...SETTINGS, redis: fixture.settings });
  const boots = join(directory, 'boots');
  // the second hangs; the first ends as soon as it may claim, the third at the end of the test
  const supervisor = supervisorOf(
    `const fs = require('fs');
     fs.appendFileSync(${JSON.stringify(boots)}, 'x');
     const boot = fs.readFileSync(${JSON.stringify(boots)}).length;
     if (boot !== 2) process.send(${READY});
     process.on('message', ({ type }) => (type === 'stop' || boot === 1) && process.exit(0));
     ${HANG}`,
    () => broker,
    { bootTimeout: '20s', shutdownGrace: '1s' },
  );
  const ended = supervisor.run();
  await until(() => existsSync(boots) && readFileSync(boots, 'utf8').length === 2);
  const { now } = performance;
  jest.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 21_000);
  await until(logged('could not boot: it had not booted within its `bootTimeout` of 20 s'));
  jest.restoreAllMocks();
  await until(() => readFileSync(boots, 'utf8').length > 2);
  const children = async (): Promise<number> => {
    const [session = ''] = await fixture.redis.zrange('{nestwork}:sessions', 0, '-1');
    return (await fixture.redis.hkeys(`{nestwork}:session:${session}`)).filter((field) => !field.startsWith('@'))
      .length;
  };
  while ((await children()) === 0) await delay(10);
  process.emit('SIGTERM', 'SIGTERM');
  expect(await ended).toBe(0);
  // one that repeats it must not take the exit code from a process that is about to exit
  expect(process.listenerCount('SIGTERM')).toBeGreaterThan(0);
  await fixture.stop();
});

it('does not stop once more for a signal that comes after its start has failed', async () => {
  const refuse = async (): Promise<void> => {
    throw new Error('too old');
  };
  const supervisor = supervisorOf(`process.send(${READY}); ${HANG}`, () => ({ connect: refuse }) as unknown as Broker);
  expect(await supervisor.run()).toBe(1);
  process.emit('SIGTERM', 'SIGTERM');
  expect(log).toEqual(['too old']);
});
