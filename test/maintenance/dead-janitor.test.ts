import { EventEmitter, once } from 'node:events';
import { type DeadJanitorOptions, deadJanitor } from '../../src/maintenance/dead-janitor.js';
import type { PeriodicLoop } from '../../src/maintenance/periodic-loop.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';

const NAMESPACE = '{nestwork}:';
const DAY_MS = 86_400_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const OPTIONS: Omit<DeadJanitorOptions, 'broker'> = {
  queues: ['default', 'bulk'],
  onError: (error) => {
    throw error;
  },
};

function janitor(options: Partial<DeadJanitorOptions>): PeriodicLoop {
  const loop = deadJanitor({ ...OPTIONS, broker: fixture.broker.deadLetters, ...options });
  if (!loop) throw new Error('It keeps everything.');
  return loop;
}

const dead = (queue = 'default'): Promise<number> => fixture.redis.zcard(`${NAMESPACE}dead:${queue}`);

it('dead tasks older than the retention are removed, from every queue', async () => {
  const now = await fixture.broker.deadLetters.now();
  await seedDead(fixture, [{ diedAt: now }, { diedAt: now - 2 * DAY_MS }, { diedAt: now - 2 * DAY_MS, queue: 'bulk' }]);
  expect(await janitor({ deadRetentionMs: DAY_MS }).tick()).toBe(60_000);
  expect([await dead(), await dead('bulk')]).toEqual([1, 0]);
});

it('dead tasks beyond the number for each queue are removed', async () => {
  await seedDead(fixture, [...Array(5).fill({}), { queue: 'bulk' }]);
  await janitor({ maxDead: 2 }).tick();
  expect([await dead(), await dead('bulk')]).toEqual([2, 1]);
});

it('the janitor goes on at once while there is more than a batch', async () => {
  await seedDead(fixture, Array(1_100).fill({}));
  const tidy = janitor({ deadRetentionMs: DAY_MS });
  expect([await tidy.tick(), await dead()]).toEqual([0, 600]);
  expect([await tidy.tick(), await dead()]).toEqual([0, 100]);
  expect([await tidy.tick(), await dead()]).toEqual([60_000, 0]);
});

it.each([
  [1_000, 1_000],
  [30_000, 3_000],
  [DAY_MS, 60_000],
])('the janitor with a retention of %i ms looks again after %i ms', async (deadRetentionMs, intervalMs) => {
  expect(await janitor({ deadRetentionMs }).tick()).toBe(intervalMs);
});

it('a started janitor removes by itself, and a queue that Redis refuses does not delay the others', async () => {
  await fixture.redis.set(`${NAMESPACE}dead:default`, 'foreign');
  await seedDead(fixture, [{ queue: 'bulk' }]);
  const events = new EventEmitter();
  const refused = once(events, 'refused');
  const purged = once(events, 'purged');
  const { deadLetters } = fixture.broker;
  const running = janitor({
    deadRetentionMs: DAY_MS,
    broker: {
      purge: async (...args) => {
        const removed = await deadLetters.purge(...args);
        events.emit('purged', removed);
        return removed;
      },
    },
    onError: (error) => events.emit('refused', error),
  });
  running.start();
  expect(await refused).toMatchObject([{ code: 'REDIS_REFUSED' }]);
  expect(await purged).toEqual([1]);
  await running.stop();
  await fixture.redis.del(`${NAMESPACE}dead:default`);
});

it('there is no janitor without a limit', () => {
  expect(deadJanitor({ ...OPTIONS, broker: fixture.broker.deadLetters })).toBeUndefined();
});
