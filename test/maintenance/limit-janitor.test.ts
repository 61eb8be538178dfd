import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import { limitJanitor } from '../../src/maintenance/limit-janitor.js';
import type { PeriodicLoop } from '../../src/maintenance/periodic-loop.js';
import { limitKey, nameDigest } from '../../src/message/limit-tag.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { limitedMessages } from '../support/limited-tasks.js';

const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 1, keyed: true, ordered: false };
const MAIL = { name: 'queue default', concurrency: 1, keyed: false, ordered: false, queue: 'default' };
const LIMITS = '{nestwork}:limits';
const [ACME, BELL] = [limitKey('stripe', 'acme'), limitKey('stripe', 'bell')];
const MINUTE_MS = 60_000;

let fixture: BrokerFixture;
let now = 0;
let errors: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  now = 0;
  errors = [];
});
afterEach(async () => {
  await fixture.reset();
  expect(errors).toEqual([]);
});
afterAll(() => fixture.stop());

function janitor(): PeriodicLoop {
  return limitJanitor({ broker: fixture.broker.limitRules, clock: () => now, onError: (error) => errors.push(error) });
}

/** A worker that declares limits. */
function declare(...limits: readonly LimitDeclaration[]): Promise<Claimant> {
  return fixture.child(['default'], undefined, limits);
}

/** A worker stops, and gives back what it holds. */
async function end(child: Claimant): Promise<void> {
  await fixture.broker.settle(child, childExit({}));
  expect(await fixture.broker.closeSession(child.session)).toBe(true);
}

let claims = 0;
async function claim(child: Claimant): Promise<string[]> {
  claims += 1;
  const { tasks } = await fixture.broker.claim(child, { number: claims, limit: 20, limited: 8, acks: [] });
  return tasks.map(({ id }) => id);
}

const known = async (): Promise<string[]> => (await fixture.redis.hkeys(LIMITS)).sort();

/** Ticks at these times. */
async function ticks(loop: PeriodicLoop, ...times: readonly number[]): Promise<void> {
  for (const time of times) {
    now = time;
    await loop.tick();
  }
}

it('a limit that no session declares is forgotten after a minute, and the tasks that wait for it go on', async () => {
  const child = await declare(STRIPE);
  const messages = [ACME, BELL].flatMap((limit) => limitedMessages(fixture, 3, { limits: [limit] }));
  await fixture.broker.enqueueLimited('default', messages, { labels: [ACME, 'acme', BELL, 'bell'] });
  expect(await claim(child)).toHaveLength(2);
  await end(child);
  const other = await declare();
  const loop = janitor();
  await ticks(loop, 0, MINUTE_MS - 1);
  expect(await known()).toEqual([nameDigest('stripe')]);
  expect(await claim(other)).toHaveLength(2);
  await fixture.redis.del('{nestwork}:bell:default');
  await ticks(loop, MINUTE_MS);
  expect(await known()).toEqual([]);
  expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
  expect(await claim(other)).toHaveLength(4);
  await fixture.broker.results.finish(
    other,
    messages.map((message) => ({ id: idOf(message), result: 'd[7]', limited: true })),
  );
  const left = await fixture.state();
  for (const key of ['slots', 'waiters', 'limits', 'limit-labels', 'held:default', 'ready:default']) {
    expect(left).not.toHaveProperty(key);
  }
});

it('a limit that any session declares stays, also one whose lease ran out and that nobody has reaped', async () => {
  await declare(STRIPE);
  const { session } = await declare({ ...STRIPE, name: 'other' });
  await fixture.redis.zadd('{nestwork}:sessions', 1, session);
  await ticks(janitor(), 0, MINUTE_MS, 2 * MINUTE_MS);
  expect(await known()).toEqual(['stripe', 'other'].map(nameDigest).sort());
});

it('a minute begins anew when a session has declared the limit in between', async () => {
  const loop = janitor();
  await end(await declare(STRIPE));
  await ticks(loop, 0);
  await end(await declare({ ...STRIPE, concurrency: 2 }));
  await ticks(loop, MINUTE_MS, 2 * MINUTE_MS - 1);
  expect(await known()).toEqual([nameDigest('stripe')]);
  await ticks(loop, 2 * MINUTE_MS);
  expect(await known()).toEqual([]);
});

it('a limit that a session declares at the last moment is not forgotten', async () => {
  await end(await declare(STRIPE));
  const [limit] = await fixture.broker.limitRules.undeclared();
  const before = Date.now();
  while (Date.now() === before);
  await declare(STRIPE);
  expect(limit).toMatchObject({ name: 'stripe' });
  expect(await fixture.broker.limitRules.forget(limit as never)).toBe(false);
  expect(await known()).toEqual([nameDigest('stripe')]);
});

it('the limit of a queue takes its gate along, and its tasks go on', async () => {
  const child = await declare(MAIL);
  await fixture.broker.enqueue('default', fixture.messages(3));
  expect(await claim(child)).toHaveLength(1);
  await fixture.redis.hdel(`{nestwork}:session:${child.session}`, '@limits');
  await ticks(janitor(), 0, MINUTE_MS);
  expect(await fixture.redis.exists('{nestwork}:gates', LIMITS)).toBe(0);
  expect(await claim(child)).toHaveLength(2);
});

it('what was set for a limit stays until its end', async () => {
  const child = await declare(STRIPE);
  const setting = { name: 'stripe', keyed: true, intervalUs: undefined, burst: undefined, by: 'anna' };
  const set = { ...setting, key: 'acme', most: 3, forMs: 3_600_000 };
  await fixture.broker.limitRules.set(set);
  await end(child);
  await ticks(janitor(), 0, MINUTE_MS);
  expect(await known()).toEqual([`${ACME}!`, `${nameDigest('stripe')}*`].sort());
  await declare(STRIPE);
  expect(await fixture.broker.limitRules.key('stripe', 'acme')).toMatchObject({ override: { most: 3 } });
});

describe('the limit of a queue that no session declares', () => {
  const OVERRIDE = `${nameDigest('queue default')}!`;
  const setting = { name: 'queue default', keyed: false, key: undefined, intervalUs: undefined, burst: undefined };
  const set = (forMs?: number) => fixture.broker.limitRules.set({ ...setting, most: 1, forMs, by: 'anna' });

  it('holds while it is set, and is gone a minute after its end', async () => {
    const child = await declare();
    await set(20);
    await fixture.broker.enqueue('default', fixture.messages(3));
    expect(await claim(child)).toHaveLength(1);
    const loop = janitor();
    await ticks(loop, 0, MINUTE_MS);
    expect(await fixture.redis.exists('{nestwork}:gates')).toBe(1);
    await eventually(async () => {
      await fixture.broker.promote(100);
      expect(await fixture.redis.hexists(LIMITS, OVERRIDE)).toBe(0);
    });
    expect(await claim(child)).toHaveLength(2);
    await ticks(loop, 2 * MINUTE_MS, 3 * MINUTE_MS);
    expect(await fixture.redis.exists('{nestwork}:gates', LIMITS)).toBe(0);
  });

  it('holds by what is set when its declaration is forgotten', async () => {
    const child = await declare(MAIL);
    await set();
    await fixture.redis.hdel(`{nestwork}:session:${child.session}`, '@limits');
    await ticks(janitor(), 0, MINUTE_MS);
    expect(await known()).toEqual([OVERRIDE]);
    await fixture.broker.enqueue('default', fixture.messages(3));
    expect(await claim(child)).toHaveLength(1);
  });

  it('is not forgotten when it is set at the last moment', async () => {
    await fixture.redis.hset('{nestwork}:gates', 'default', limitKey('queue default'));
    const [limit] = await fixture.broker.limitRules.undeclared();
    await set();
    expect(limit).toEqual({
      name: 'queue default',
      field: nameDigest('queue default'),
      declared: '',
      queue: 'default',
    });
    await fixture.broker.limitRules.forget(limit as never);
    expect(await fixture.redis.exists('{nestwork}:gates')).toBe(1);
  });
});

it('what another program wrote among the limits of queues stays, also in their place', async () => {
  await fixture.redis.hset('{nestwork}:gates', 'default', limitKey('queue other'));
  await ticks(janitor(), 0, MINUTE_MS);
  expect(await fixture.redis.hlen('{nestwork}:gates')).toBe(1);
  await fixture.redis.set('{nestwork}:gates', 'foreign');
  await fixture.redis.hset(LIMITS, nameDigest('stripe'), '1 - 1 0 {"name":"stripe"}');
  expect(await fixture.broker.limitRules.undeclared()).toMatchObject([{ name: 'stripe' }]);
});

it('what another program wrote stays', async () => {
  await fixture.redis.hset(LIMITS, 'abcdef', 'nonsense', 'ghijkl', '1 - 1 0 {"name":7}', 'mnopqr', '1 - 1 0 {');
  await ticks(janitor(), 0, MINUTE_MS);
  expect(await fixture.redis.hlen(LIMITS)).toBe(3);
});

it('a limit that cannot be forgotten is reported, and the others are forgotten', async () => {
  const fail = new Error('Redis is away.');
  const forgotten: string[] = [];
  const undeclared = ['a', 'b'].map((name) => ({ name, field: name, declared: name, queue: undefined }));
  const broker = {
    undeclared: async () => undeclared,
    forget: async ({ name }: { name: string }) => {
      if (name === 'a') throw fail;
      forgotten.push(name);
      return true;
    },
  };
  await ticks(limitJanitor({ broker, clock: () => now, onError: (error) => errors.push(error) }), 0, MINUTE_MS);
  expect([errors, forgotten]).toEqual([[fail], ['b']]);
  errors = [];
});
