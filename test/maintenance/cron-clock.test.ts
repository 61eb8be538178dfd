/** The clock of Redis decides, also when the clock of the scheduler differs or jumps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronLoop } from '../../src/maintenance/cron-loop.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { ServerClock } from '../chaos/harness/server-clock.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const HOUR = 3_600_000;
const EVERY_MS = 100;
const CRON: CronDeclaration = {
  name: 'Inbox.poll',
  queue: 'default',
  schedule: { everyMs: EVERY_MS },
  missed: 'latest',
  thresholdMs: 0,
  overlap: 'allow',
  disabled: false,
};

const directory = mkdtempSync(join(tmpdir(), 'nestwork-clock-'));
let fixture: BrokerFixture;
let clock: ServerClock;
beforeAll(async () => {
  const environment = ServerClock.environment(directory);
  Object.assign(process.env, environment);
  fixture = await BrokerFixture.start();
  for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
  clock = new ServerClock(directory, fixture.redis);
});
afterAll(async () => {
  await fixture.stop();
  rmSync(directory, { recursive: true });
});

async function fired(): Promise<number[]> {
  const messages = await fixture.redis.lrange('{nestwork}:queue:default', 0, -1);
  return messages.map((message) => Number(decodeMessage(message).options.due));
}

/** Resolves to the times fired once there are so many more. */
async function more(count: number): Promise<number[]> {
  const before = (await fired()).length;
  while ((await fired()).length < before + count) await delay(10);
  return (await fired()).slice(before);
}

it('crons fire by the clock of Redis, an hour ahead, a day back, and after each jump', async () => {
  if (!clock.real) return; // it takes Linux and a C compiler
  const loop = new CronLoop({
    broker: fixture.broker.crons,
    crons: [CRON],
    onWarning: () => {},
    onError: () => {},
  });
  loop.start();
  for (const jump of [0, HOUR, -HOUR, 24 * HOUR, -24 * HOUR]) {
    const before = await clock.now();
    await clock.jump(jump);
    const from = await clock.now();
    expect(Math.abs(from - before - jump)).toBeLessThan(HOUR / 2);
    await more(2); // runs under way when the clock jumped
    const times = await more(5);
    expect(times[0]).toBeGreaterThan(from - EVERY_MS);
    expect(times.at(-1)).toBeLessThanOrEqual(await clock.now());
    expect(new Set(times).size).toBe(times.length);
  }
  await loop.stop();
});

it('the run of a release begins anew when the clock is set back by hours', async () => {
  if (!clock.real) return; // it takes Linux and a C compiler
  const name = 'Cache.warm';
  const loopOf = (release: string): CronLoop =>
    new CronLoop({
      broker: fixture.broker.crons,
      crons: [{ ...CRON, name, schedule: { only: 'release' }, atRelease: { delayMs: HOUR, runs: true, release } }],
      onWarning: () => {},
      onError: () => {},
    });
  await loopOf('v1').tick();
  await clock.jump(12 * HOUR);
  const loop = loopOf('v2');
  await loop.tick();
  await clock.jump(-12 * HOUR);
  await loop.tick(); // sees the jump
  await loop.tick();
  const { now, states } = await fixture.broker.crons.survey([name], [[name, 'immediate']]);
  const { immediate = 0 } = states.get(name) ?? {};
  expect(immediate).toBeGreaterThan(now);
  expect(immediate).toBeLessThanOrEqual(now + HOUR);
});
