/** What changes of a limit while tasks wait for it. */
import type { Claimant } from '../../src/broker/port/broker.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { declareLimit, limitedMessages, limitKey } from '../support/limited-tasks.js';

const TAG = '{nestwork}:';
const LIMITS = `${TAG}limits`;
const PACED = `${TAG}paced`;
const [ACME, BELL, GATE] = [limitKey('stripe', 'acme'), limitKey('stripe', 'bell'), limitKey('gate')];
const NAME = ACME.slice(0, 6);
const HOUR_US = 3_600_000_000;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

let claims = 0;
async function claim(child: Claimant): Promise<string[]> {
  claims += 1;
  const { tasks } = await fixture.broker.claim(child, { number: claims, limit: 10, limited: 8, acks: [] });
  return tasks.map(({ id }) => id);
}

async function send(count: number, limit = ACME): Promise<string[]> {
  const messages = limitedMessages(fixture, count, { limits: [limit] });
  await fixture.broker.enqueueLimited('default', messages, {});
  return messages.map(idOf);
}

const change = (
  field: string,
  value: string,
  { forMs = '' as number | '', details = '{"name":"stripe"}', queue = '' } = {},
) => fixture.call('set-limit', { field, value, forMs, details, queue, queues: ['default'] });
/** Resolves to its end. */
const set = async (field: string, value: string, forMs: number | '' = ''): Promise<string> =>
  (await change(field, value, { forMs }))[0];
/** Resolves to what was set. */
const reset = async (field: string, queue = ''): Promise<string> =>
  (await fixture.call('reset-limit', { field, stop: stopOf(field), queue, queues: ['default'] }))[0];
const stopOf = (field: string): string => `${field.slice(0, -1).padEnd(27, '-')}.`;
const forget = (declared: string, queue = '', name = NAME): Promise<number> =>
  fixture.call('forget-limit', { name, declared, queue, queues: ['default'] });

describe('what is set for a limit', () => {
  it('is over at its end, also before a promoter has looked', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const ends = Number(await set(`${ACME}!`, '5 = =', 5));
    await eventually(async () => expect(await fixture.now()).toBeGreaterThan(ends));
    await send(3);
    expect(await claim(await fixture.child())).toHaveLength(1);
  });

  it('for a key is counted while there is any', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    for (const field of [`${ACME}!`, `${BELL}!`, `${ACME}!`]) await set(field, '2 = =');
    expect(await fixture.redis.hget(LIMITS, `${NAME}*`)).toBe('2');
    expect([await reset(`${ACME}!`), await reset(`${ACME}!`)]).toEqual(['2 = = 0 {"name":"stripe"}', '']);
    await send(3, BELL);
    expect(await claim(await fixture.child())).toHaveLength(2);
    await reset(`${BELL}!`);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual([NAME]);
  });

  it('leaves no end behind when it is set without one, or is reset', async () => {
    await set(`${ACME}!`, '2 = =', 60_000);
    expect(await fixture.redis.zrange(PACED, '0', '-1')).toEqual([`!${ACME}!`]);
    await set(`${ACME}!`, '3 = =');
    expect(await fixture.redis.exists(PACED)).toBe(0);
    await set(`${ACME}!`, '3 = =', 60_000);
    await reset(`${ACME}!`);
    expect(await fixture.redis.exists(PACED)).toBe(0);
  });

  it('comes back from the next set, but not from the same command once more', async () => {
    const [one, two] = ['{"name":"stripe","since":1}', '{"name":"stripe","since":2}'];
    expect(await change(`${ACME}!`, '2 = =', { details: one })).toEqual(['0', '']);
    expect(await change(`${ACME}!`, '3 = =', { details: two })).toEqual(['0', `2 = = 0 ${one}`]);
    expect(await change(`${ACME}!`, '3 = =', { details: two })).toEqual(['0', '']);
  });

  it('to 0 at once starts no task of an ordered key, not even the one that keeps its slot', async () => {
    await fixture.redis.hset(LIMITS, NAME, '1 - 1 1 {"name":"stripe","keyed":true}');
    const child = await fixture.child();
    const [first = ''] = await send(2);
    expect(await claim(child)).toEqual([first]);
    await set(`${ACME}!`, '0 = =');
    const again = { inMs: 0, failures: 0, line: '\n{"at":7}', counts: true };
    await fixture.broker.retry(child, { id: first, queue: 'default' }, again);
    expect(await claim(child)).toEqual([]);
    await reset(`${ACME}!`);
    expect(await claim(child)).toEqual([first]);
  });

  it('without a rate leaves the declared rate of before when it is reset, and nothing is woken early', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    const child = await fixture.child();
    await send(2);
    expect(await claim(child)).toHaveLength(1);
    await set(`${ACME}!`, '0 - -');
    await fixture.redis.del(`${TAG}bell:default`);
    await reset(`${ACME}!`);
    expect(await fixture.redis.exists(`${TAG}bell:default`)).toBe(0);
    expect((await fixture.broker.promote(10)).nextInMs).toBeGreaterThan(HOUR_US / 2_000);
  });

  it('to a faster rate is not held back by starts at the slower one', async () => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    const child = await fixture.child();
    await send(3);
    expect(await claim(child)).toHaveLength(1);
    await set(`${ACME}!`, '= 1000 2');
    const started: string[] = [];
    await eventually(async () => {
      await fixture.broker.promote(100);
      started.push(...(await claim(child)));
      expect(started).toHaveLength(2);
    });
  });
});

describe('a reset of a key that a task has stopped', () => {
  /** A key whose first task has stopped it for an hour, and a second task that waits. */
  async function stopped(limit: string) {
    const child = await fixture.child();
    const [first = '', second = ''] = await send(2, limit);
    expect(await claim(child)).toEqual([first]);
    const again = { inMs: 3_600_000, failures: 0, line: '\n{"at":7}', counts: true, stop: { limit, ms: 3_600_000 } };
    await fixture.broker.retry(child, { id: first, queue: 'default' }, again);
    expect(await claim(child)).toEqual([]);
    return { child, second };
  }

  it('lets the tasks go on that wait for it, and names its end', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { child, second } = await stopped(ACME);
    await fixture.redis.del(`${TAG}bell:default`);
    const [, ends, now] = await fixture.call('reset-limit', {
      ...{ field: `${ACME}!`, stop: `${ACME}.`, queue: '', queues: ['default'] },
    });
    expect(Number(ends)).toBeGreaterThan(Number(now));
    expect(await fixture.redis.llen(`${TAG}bell:default`)).toBe(1);
    expect(await claim(child)).toEqual([second]);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual([NAME]);
    expect(await fixture.redis.zscore(PACED, `!${ACME}.`)).toBeNull();
  });

  it('leaves the stop of another key', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const { child } = await stopped(BELL);
    for (const field of [`${ACME}!`, `${NAME}!`]) await reset(field);
    expect(await claim(child)).toEqual([]);
    expect(await fixture.redis.hkeys(LIMITS)).toEqual(expect.arrayContaining([`${BELL}.`, `${NAME}*`]));
  });
});

describe('the limit of a queue that is set', () => {
  const FIELD = `${GATE.slice(0, 6)}!`;
  const gated = (): Promise<string | null> => fixture.redis.hget(`${TAG}gates`, 'default');

  it('holds for the tasks of the queue though no app declares it, until it is reset', async () => {
    const child = await fixture.child();
    await fixture.broker.enqueue('default', fixture.messages(4));
    await change(FIELD, '1 = =', { queue: 'default' });
    expect(await gated()).toBe(`${GATE.slice(0, 6)}${'-'.repeat(21)}`);
    expect(await claim(child)).toHaveLength(1);
    expect(await claim(child)).toEqual([]);
    await fixture.redis.del(`${TAG}bell:default`);
    await reset(FIELD, 'default');
    expect(await gated()).toBeNull();
    expect(await fixture.redis.llen(`${TAG}bell:default`)).toBe(1);
    expect(await claim(child)).toHaveLength(3);
  });

  it('stays after a reset where an app declares it', async () => {
    await declareLimit(fixture, 'gate', { most: 2, keyed: false });
    await change(FIELD, '1 = =', { queue: 'default' });
    await reset(FIELD, 'default');
    await fixture.broker.enqueue('default', fixture.messages(4));
    expect(await claim(await fixture.child())).toHaveLength(2);
  });

  it('changes nothing of queues where it is that of tasks', async () => {
    await change(`${ACME}!`, '1 = =');
    expect(await fixture.redis.exists(`${TAG}gates`)).toBe(0);
    await fixture.redis.hset(`${TAG}gates`, 'default', GATE);
    await reset(`${ACME}!`);
    expect(await gated()).toBe(GATE);
  });

  it('keeps its tasks when its declaration is forgotten, until it is reset', async () => {
    await declareLimit(fixture, 'gate', { most: 2, keyed: false });
    const declared = (await fixture.redis.hget(LIMITS, GATE.slice(0, 6))) ?? '';
    await change(FIELD, '1 = =', { queue: 'default' });
    await forget(declared, 'default', GATE.slice(0, 6));
    expect(await gated()).not.toBeNull();
    await reset(FIELD, 'default');
    expect(await gated()).toBeNull();
  });
});

describe('a limit that is forgotten', () => {
  it('lets all go on that wait for it, unless it is declared anew', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const declared = (await fixture.redis.hget(LIMITS, NAME)) ?? '';
    const child = await fixture.child();
    await send(3);
    expect(await claim(child)).toHaveLength(1);
    const before = await fixture.state();
    expect(await forget(`${declared} `)).toBe(0);
    expect(await fixture.state()).toEqual(before);
    expect(await forget(declared)).toBe(1);
    expect(await claim(child)).toHaveLength(2);
  });

  it('of a queue takes its gate along, and only that', async () => {
    await declareLimit(fixture, 'gate', { most: 1, keyed: false });
    await fixture.redis.hset(`${TAG}gates`, 'default', GATE, 'bulk', GATE);
    const declared = (await fixture.redis.hget(LIMITS, GATE.slice(0, 6))) ?? '';
    await fixture.broker.enqueue('default', fixture.messages(3));
    const child = await fixture.child();
    expect(await claim(child)).toHaveLength(1);
    expect(await forget(declared, 'default', GATE.slice(0, 6))).toBe(1);
    expect(await fixture.redis.hkeys(`${TAG}gates`)).toEqual(['bulk']);
    expect(await claim(child)).toHaveLength(2);
  });
});

/** The keys that each of the scripts may write. */
const KEYS = ['limits', 'slots', 'rates', 'paced', 'waiters', 'limit-labels', 'alarm', 'held:default', 'ready:default'];
const CHANGES: [string, () => Promise<unknown>, string[]][] = [
  ['set', () => set(`${ACME}!`, '2 = ='), [...KEYS, 'gates']],
  ['reset', () => reset(`${ACME}!`), [...KEYS, 'gates']],
  ['forgotten', () => forget('1 - 1 0 {"name":"stripe","keyed":true}'), [...KEYS, 'gates']],
];

describe.each(CHANGES)('a limit that is %s', (_, change, keys) => {
  it.each(keys)('is refused by name when %s is foreign, and nothing is written', async (name) => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    await set(`${ACME}!`, '1 = =');
    await send(2);
    await claim(await fixture.child());
    const key = TAG + name;
    if (await fixture.redis.exists(key)) await fixture.redis.rename(key, 'aside');
    await fixture.redis.set(key, 'foreign');
    const before = await fixture.state();
    await expect(change()).rejects.toThrow(`WRONGTYPE ${key} is a string`);
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(key);
    if (await fixture.redis.exists('aside')) await fixture.redis.rename('aside', key);
  });
});
