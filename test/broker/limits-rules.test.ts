/** What a limit allows: as apps declare it, as people set it for a time, and as tasks stop it. */
import type { LimitDeclaration } from '../../src/broker/port/broker.js';
import { limitKey as digestOf, nameDigest } from '../../src/message/limit-tag.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { holdBack, LimitedChild } from '../support/limited-child.js';
import { declareLimit, limitedMessages, limitKey, sendLimited } from '../support/limited-tasks.js';
import { MovedClock } from './model/limit-observer.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const LIMITS = `${NAMESPACE}limits`;
const PACED = `${NAMESPACE}paced`;
const ALARM = `${NAMESPACE}alarm`;
const BELL = `${NAMESPACE}bell:default`;
const WAITERS = `${NAMESPACE}waiters`;
const ACME = limitKey('stripe', 'acme');
const NAME = ACME.slice(0, 6);
const HOUR = 3_600_000;
const HOUR_US = HOUR * 1_000;
const ALL = { limit: 100 };

let fixture: BrokerFixture;
let clock: MovedClock;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  clock = new MovedClock(fixture.redis);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const sendMany = async (count: number, limits = [ACME]): Promise<string[]> => {
  const messages = limitedMessages(fixture, count, { limits });
  await fixture.broker.enqueueLimited(QUEUE, messages, {});
  return messages.map(idOf);
};
/** Resolves to its end. */
const set = async (field: string, value: string, forMs: number | '' = ''): Promise<string> =>
  (await fixture.call('set-limit', { queues: [QUEUE], field, value, forMs, details: '{}', queue: '' }))[0];
/** Resolves to what was set. */
const reset = async (field: string): Promise<string> => {
  const stop = `${field.slice(0, -1).padEnd(27, '-')}.`;
  return (await fixture.call('reset-limit', { queues: [QUEUE], field, stop, queue: '' }))[0];
};
const claims = () => LimitedChild.start(fixture);

/** Time passes, and a promoter comes. */
async function pass(ms: number): Promise<void> {
  await clock.pass(ms + 2);
  await fixture.broker.promote(10);
}

/** A child that holds one task of a line of three, one at a time. */
async function sceneOfThree() {
  await declareLimit(fixture, 'stripe', { most: 1 });
  const ids = await sendMany(3);
  const child = await claims();
  expect(await child.ids(ALL)).toEqual(ids.slice(0, 1));
  await fixture.redis.del(BELL);
  return { child, ids };
}

describe('a limit that is set', () => {
  it.each([`${NAME}!`, `${ACME}!`])('higher lets what waits go on at once: %s', async (field) => {
    const { child, ids } = await sceneOfThree();
    await set(field, '2 = =');
    expect(await fixture.redis.llen(BELL)).toBe(1);
    expect(await child.ids(ALL)).toEqual([ids[1]]);
  });

  it('lower than what runs stops nothing, and lets no more start until enough have ended', async () => {
    await declareLimit(fixture, 'stripe', { most: 3 });
    const [first = '', second = '', third = '', fourth] = await sendMany(4);
    const child = await claims();
    await child.ids(ALL);
    await set(`${NAME}!`, '1 = =');
    await child.end(first);
    expect(await child.ids(ALL)).toEqual([]);
    await child.end(second);
    expect(await child.ids(ALL)).toEqual([]);
    await child.end(third);
    expect(await child.ids(ALL)).toEqual([fourth]);
  });

  it('for a key leaves the other keys, and wins against the limit', async () => {
    const { child, ids } = await sceneOfThree();
    await set(`${NAME}!`, '1 = =');
    await set(`${ACME}!`, '3 = =');
    const others = await sendMany(2, [limitKey('stripe', 'other')]);
    expect(new Set(await child.ids(ALL))).toEqual(new Set([...ids.slice(1), others[0]]));
  });

  it('leaves what it does not name as it is declared', async () => {
    await declareLimit(fixture, 'stripe', { most: 2, intervalUs: HOUR_US, burst: 4 });
    await set(`${NAME}!`, '= - =');
    await sendMany(5);
    const child = await claims();
    const [first = '', second = ''] = await child.ids(ALL);
    expect(await child.ids(ALL)).toEqual([]);
    await child.end(first, second);
    await set(`${NAME}!`, '- = =');
    // the burst counts the starts since then
    expect(await child.ids(ALL)).toHaveLength(3);
  });

  it('keeps an order', async () => {
    await declareLimit(fixture, 'stripe', { most: 1, ordered: true });
    await set(`${ACME}!`, '1 = =');
    const [first = ''] = await sendMany(2);
    const child = await claims();
    await child.ids(ALL);
    await fixture.broker.release(child.claimant, [first]);
    expect(await fixture.redis.hgetall(`${NAMESPACE}slots`)).toEqual({ [ACME]: '1' });
    expect(await child.ids(ALL)).toEqual([first]);
  });

  it('ends at its time, and what waits goes on as declared', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const before = await fixture.now();
    const ends = Number(await set(`${ACME}!`, '0 = =', HOUR));
    expect(ends).toBeGreaterThanOrEqual(before + HOUR);
    expect(await fixture.redis.zscore(PACED, `!${ACME}!`)).toBe(String(ends));
    expect(await fixture.redis.llen(ALARM)).toBe(1);
    const [first] = await sendMany(1);
    const child = await claims();
    expect(await child.ids()).toEqual([]);
    await pass(HOUR / 2);
    expect(await child.ids()).toEqual([]);
    await pass(HOUR / 2);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual([NAME]);
    expect(await child.ids()).toEqual([first]);
  });

  it('says nothing once its end is past, though no promoter has come', async () => {
    await declareLimit(fixture, 'stripe', { most: 2 });
    await set(`${NAME}!`, '1 = =', HOUR);
    await clock.pass(HOUR + 2);
    await sendMany(3);
    expect(await (await claims()).ids(ALL)).toHaveLength(2);
    await fixture.broker.promote(10);
  });

  it('without an end has none, whatever end it had before', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await set(`${ACME}!`, '2 = =', HOUR);
    expect(await set(`${ACME}!`, '3 = =')).toBe('0');
    expect(await fixture.redis.exists(PACED)).toBe(0);
    expect(await fixture.redis.hget(LIMITS, `${ACME}!`)).toBe('3 = = 0 {}');
    expect(await fixture.redis.hget(LIMITS, `${NAME}*`)).toBe('1');
    await reset(`${ACME}!`);
  });

  it('as a whole counts as none of its keys', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const count = () => fixture.redis.hget(LIMITS, `${NAME}*`);
    await set(`${NAME}!`, '2 = =');
    expect(await count()).toBeNull();
    await set(`${ACME}!`, '3 = =');
    await reset(`${NAME}!`);
    expect(await count()).toBe('1');
    await reset(`${ACME}!`);
    expect(await count()).toBeNull();
  });

  it('again until an earlier time ends at that', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await set(`${ACME}!`, '2 = =', 2 * HOUR);
    const ends = await set(`${ACME}!`, '2 = =', HOUR);
    expect(await fixture.redis.zscore(PACED, `!${ACME}!`)).toBe(ends);
    const later = await set(`${ACME}!`, '2 = =', 3 * HOUR);
    expect(await fixture.redis.zscore(PACED, `!${ACME}!`)).toBe(later);
    await reset(`${ACME}!`);
  });

  it('wakes 20 keys, and a promoter the rest', async () => {
    await declareLimit(fixture, 'stripe', { most: 0 });
    for (let key = 0; key < 25; key += 1)
      await sendLimited(fixture, { limits: [limitKey('stripe', String(key).padStart(2, '0'))] });
    await holdBack(fixture);
    expect(await fixture.redis.zcard(WAITERS)).toBe(25);
    await set(`${NAME}!`, '1 = =');
    expect(await fixture.redis.zcard(WAITERS)).toBe(5);
    expect(await fixture.redis.llen(ALARM)).toBe(1);
    await fixture.broker.promote(10);
    expect(await fixture.redis.exists(WAITERS, PACED)).toBe(0);
    expect(await (await claims()).ids(ALL)).toHaveLength(25);
  });

  it('goes on to the next key when one of them is full still', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await set(`${ACME}!`, '0 = =');
    const other = limitKey('stripe', 'other');
    await sendMany(1);
    const child = await claims();
    const [running] = [await sendMany(2, [other]), await child.ids()];
    await set(`${NAME}!`, '2 = =');
    expect(await child.ids()).toEqual(running.slice(1));
    await reset(`${ACME}!`);
  });
});

describe('a limit that is reset', () => {
  it('is as declared at once, and knows whether something was set', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await set(`${ACME}!`, '0 = =', HOUR);
    const [first] = await sendMany(1);
    const child = await claims();
    expect(await child.ids()).toEqual([]);
    await fixture.redis.del(BELL);
    expect(await reset(`${ACME}!`)).not.toBe('');
    expect(await fixture.redis.llen(BELL)).toBe(1);
    expect(await fixture.redis.exists(PACED)).toBe(0);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual([NAME]);
    expect(await child.ids()).toEqual([first]);
    expect(await reset(`${ACME}!`)).toBe('');
  });

  it('for one key leaves what is set for another', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const other = limitKey('stripe', 'other');
    await set(`${ACME}!`, '3 = =');
    await set(`${other}!`, '2 = =');
    await reset(`${ACME}!`);
    expect(await reset(`${ACME}!`)).toBe('');
    expect(await fixture.redis.hget(LIMITS, `${NAME}*`)).toBe('1');
    await sendMany(3, [other]);
    expect(await (await claims()).ids(ALL)).toHaveLength(2);
    await reset(`${other}!`);
  });
});

describe('a key that a task has stopped', () => {
  const stop = async (child: LimitedChild<BrokerFixture['server']>, id: string, ms: number) =>
    fixture.broker.retry(
      child.claimant,
      { id, queue: QUEUE },
      { inMs: 0, failures: 0, line: '', counts: true, stop: { limit: ACME, ms } },
    );

  it('starts nothing until that is over, and then goes on', async () => {
    await declareLimit(fixture, 'stripe', { most: 2 });
    const [first = '', second] = await sendMany(2);
    const child = await claims();
    await child.ids({ limit: 1 });
    await stop(child, first, HOUR);
    expect(await child.ids(ALL)).toEqual([]);
    await pass(HOUR / 2);
    expect(await child.ids(ALL)).toEqual([]);
    await pass(HOUR / 2);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual([NAME]);
    expect(new Set(await child.ids(ALL))).toEqual(new Set([first, second]));
  });

  it('is stopped no longer once that is over, though no promoter has come', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const [first = ''] = await sendMany(1);
    const child = await claims();
    await child.ids();
    await stop(child, first, HOUR);
    await clock.pass(HOUR + 2);
    const [other] = await sendMany(1, [ACME, limitKey('stripe', 'other')]);
    expect(await child.ids(ALL)).toEqual([other]);
    await fixture.broker.promote(10);
    await fixture.broker.cancel(first);
  });

  it('is stopped for as long as the longest of several stops', async () => {
    await declareLimit(fixture, 'stripe', { most: 2 });
    const [first = '', second = ''] = await sendMany(2);
    const child = await claims();
    await child.ids(ALL);
    await stop(child, first, HOUR);
    const until = await fixture.redis.hget(LIMITS, `${ACME}.`);
    await stop(child, second, 1_000);
    expect(await fixture.redis.hget(LIMITS, `${ACME}.`)).toBe(until);
  });

  it('goes by no stop that others have written', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await fixture.redis.hset(LIMITS, `${ACME}.`, '9'.repeat(20), `${NAME}*`, 1);
    const [first] = await sendMany(1);
    expect(await (await claims()).ids()).toEqual([first]);
  });
});

describe('a declaration', () => {
  const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 1, keyed: true, ordered: false };
  const KEY = digestOf('stripe', 'acme');
  const DIGEST = nameDigest('stripe');
  const open = async (...limits: LimitDeclaration[]): Promise<void> => {
    const session = `s${fixture.ids.next()}-30000`;
    const description = { session, leaseMs: 30_000, queues: [QUEUE], host: 'test', pid: 1, catalog: [], limits };
    await fixture.broker.openSession(description);
  };

  it('of a newer session holds, and a promoter lets go on what waits by the older one', async () => {
    await open(STRIPE);
    expect(await fixture.redis.llen(ALARM)).toBe(1);
    await fixture.broker.promote(10);
    const [, second] = await sendMany(2, [KEY]);
    const child = await claims();
    await child.ids();
    await fixture.redis.del(ALARM, BELL);
    await open({ ...STRIPE, concurrency: 2 });
    expect(await fixture.redis.llen(ALARM)).toBe(1);
    await fixture.broker.promote(10);
    expect(await fixture.redis.llen(BELL)).toBe(1);
    expect(await child.ids()).toEqual([second]);
  });

  it('that is there already changes nothing', async () => {
    await open(STRIPE);
    await fixture.broker.promote(10);
    await fixture.redis.del(ALARM);
    await open(STRIPE);
    expect(await fixture.redis.exists(PACED, ALARM)).toBe(0);
  });

  it('of a queue is the limit of that', async () => {
    await open({ name: 'queue default', concurrency: 1, keyed: false, ordered: false, queue: QUEUE });
    expect(await fixture.redis.hgetall(`${NAMESPACE}gates`)).toEqual({ [QUEUE]: digestOf('queue default') });
    await fixture.broker.enqueue(QUEUE, fixture.messages(2));
    expect(await (await claims()).ids()).toHaveLength(1);
    await fixture.broker.promote(10);
  });

  const forget = async (declared: string | null, queue = '') =>
    fixture.call('forget-limit', { queues: [QUEUE], name: DIGEST, declared: declared ?? '', queue });

  it('that is forgotten lets what waits for it go on without it', async () => {
    await open(STRIPE);
    await fixture.broker.promote(10);
    const ids = await sendMany(3, [KEY]);
    const child = await claims();
    await child.ids(ALL);
    await fixture.redis.del(BELL);
    expect(await forget(await fixture.redis.hget(LIMITS, DIGEST))).toBe(1);
    expect(await fixture.redis.exists(LIMITS)).toBe(0);
    expect(await fixture.redis.llen(BELL)).toBe(1);
    expect(await child.ids(ALL)).toEqual(ids.slice(1));
  });

  it('that a newer session has changed is not forgotten', async () => {
    await open(STRIPE);
    const before = await fixture.redis.hget(LIMITS, DIGEST);
    await open({ ...STRIPE, concurrency: 2 });
    await fixture.redis.hset(`${NAMESPACE}gates`, QUEUE, KEY);
    expect(await forget(before, QUEUE)).toBe(0);
    expect(await fixture.redis.exists(LIMITS, `${NAMESPACE}gates`)).toBe(2);
    await fixture.broker.promote(10);
  });

  it('of a queue that is forgotten lets its tasks be claimed as others are', async () => {
    await open(STRIPE);
    await fixture.redis.hset(`${NAMESPACE}gates`, QUEUE, KEY, 'bulk', KEY);
    await forget(await fixture.redis.hget(LIMITS, DIGEST), QUEUE);
    expect(await fixture.redis.hkeys(`${NAMESPACE}gates`)).toEqual(['bulk']);
    await fixture.broker.promote(10);
  });

  it('that others have written is none', async () => {
    await fixture.redis.hset(LIMITS, NAME, 'foreign', `${NAME}!`, '1 2');
    const ids = await sendMany(2);
    expect(await (await claims()).ids()).toEqual(ids);
  });
});

describe('something foreign', () => {
  const WAYS: [string, (declared: string) => Promise<unknown>][] = [
    ['set', () => set(`${ACME}!`, '2 = =', HOUR)],
    ['reset', () => reset(`${NAME}!`)],
    ['forget', (declared) => fixture.call('forget-limit', { queues: [QUEUE], name: NAME, declared, queue: QUEUE })],
  ];
  const KEYS = ['limits', 'slots', 'rates', 'paced', 'waiters', 'alarm', 'bell:default', 'held:default'];
  const CASES = WAYS.flatMap(([way, run]) => KEYS.map((key) => [way, key, run] as const));

  it.each([...CASES, ['forget', 'gates', WAYS[2]?.[1] as (typeof CASES)[number][2]] as const])(
    'makes a script refuse to %s a limit when %s is it, and nothing is written',
    async (_way, name, run) => {
      await declareLimit(fixture, 'stripe', { most: 1 });
      await set(`${NAME}!`, '0 = =');
      const declared = (await fixture.redis.hget(LIMITS, NAME)) ?? '';
      await sendMany(1);
      await holdBack(fixture);
      const key = NAMESPACE + name;
      await fixture.redis.del(key);
      await fixture.redis.set(key, 'foreign');
      const before = await fixture.state();
      await expect(run(declared)).rejects.toThrow(`WRONGTYPE ${key} is a string`);
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.flushall();
    },
  );
});
