import { EventEmitter, once } from 'node:events';
import type { Claimant } from '../../src/broker/port/broker.js';
import type { PeriodicLoop } from '../../src/maintenance/periodic-loop.js';
import { type ReaperOptions, reaper as reaperOf } from '../../src/maintenance/reaper.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const LEASE_MS = 30_000;

let fixture: BrokerFixture;
let reaped: [session: string, tasks: number][];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  reaped = [];
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function reaper(options: Partial<ReaperOptions> = {}): PeriodicLoop {
  return reaperOf({
    broker: fixture.broker,
    leaseMs: LEASE_MS,
    onReaped: (...what) => reaped.push(what),
    onError: (error) => {
      throw error;
    },
    ...options,
  });
}

/** A child that holds so many tasks. */
async function holder(tasks: number): Promise<Claimant> {
  const child = await fixture.child();
  if (tasks > 0) await fixture.broker.enqueue('default', fixture.messages(tasks));
  await fixture.claim(child);
  return child;
}

/** Lets the lease of a session end so many ms from now, while other supervisors kept the pulse. */
async function expireIn({ session }: Claimant, ms: number): Promise<void> {
  const [seconds, micros] = (await fixture.redis.time()).map(Number) as [number, number];
  const now = seconds * 1_000 + Math.floor(micros / 1_000);
  await fixture.redis.zadd('{nestwork}:sessions', now + ms, session);
  await fixture.redis.set('{nestwork}:pulse', now);
}

it('the reaper gives the tasks of every session whose lease ran out to others, and logs it', async () => {
  const [busy, idle] = [await holder(2), await holder(0)];
  await expireIn(busy, -2);
  await expireIn(idle, -1);
  await reaper().tick();
  expect(reaped).toEqual([
    [busy.session, 2],
    [idle.session, 0],
  ]);
  expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(2);
  expect(await fixture.redis.zcard('{nestwork}:sessions')).toBe(0);
});

it('the reaper leaves a session with a lease alone', async () => {
  await holder(1);
  await reaper().tick();
  expect(reaped).toEqual([]);
  expect(await fixture.redis.exists('{nestwork}:queue:default')).toBe(0);
});

it('two reapers at the same time reap each session once', async () => {
  const sessions: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const child = await holder(1);
    await expireIn(child, index - 10);
    sessions.push(child.session);
  }
  await Promise.all([reaper().tick(), reaper().tick(), reaper().tick()]);
  expect(reaped.map(([session]) => session).sort()).toEqual(sessions.sort());
  expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(5);
});

describe('the reaper looks again', () => {
  it('when the next lease ends', async () => {
    await expireIn(await holder(0), 2_000);
    const nextMs = await reaper().tick();
    expect(nextMs).toBeGreaterThan(0);
    expect(nextMs).toBeLessThanOrEqual(2_010);
  });

  it('in time to notice a session that opens meanwhile, when none ends soon', async () => {
    expect(await reaper().tick()).toBe(LEASE_MS / 6);
    await holder(0);
    expect(await reaper().tick()).toBe(LEASE_MS / 6);
  });
});

it('a started reaper reaps by itself, also after Redis refused a look', async () => {
  const child = await holder(1);
  await expireIn(child, -1);
  await fixture.redis.del('{nestwork}:pulse');
  await fixture.redis.hset('{nestwork}:pulse', 'not', 'a string');
  const events = new EventEmitter();
  const [refused, taken] = [once(events, 'refused'), once(events, 'taken')];
  const running = reaper({
    onError: (error) => events.emit('refused', error),
    onReaped: (...what) => events.emit('taken', ...what),
  });
  running.start();
  expect(await refused).toMatchObject([{ message: expect.stringContaining('WRONGTYPE') }]);
  await fixture.redis.del('{nestwork}:pulse');
  expect(await taken).toEqual([child.session, 1]);
  await running.stop();
});
