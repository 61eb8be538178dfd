/** The limit of a queue: it counts all tasks of that queue, and while it is full the queue waits as a whole. */
import { BrokerFixture, type Stoppable } from '../support/broker-fixture.js';
import { LimitedChild } from '../support/limited-child.js';
import { arrive, declareGate, declareLimit, limitedMessage, limitKey, sendLimited } from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const BELL = `${NAMESPACE}bell:default`;
const WAITERS = `${NAMESPACE}waiters`;
const GATE = limitKey(QUEUE);
const ACME = limitKey('stripe', 'acme');
const HOUR_US = 3_600_000_000;
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Plain tasks, sent to this queue. */
async function plain(count: number, queue = QUEUE): Promise<string[]> {
  const messages = fixture.messages(count);
  await fixture.broker.enqueue(queue, messages);
  return messages.map((message) => message.slice(0, 20));
}

const slots = () => fixture.redis.hgetall(`${NAMESPACE}slots`);
const rings = () => fixture.redis.llen(BELL);

it('the limit of a queue counts all of its tasks, and no more of them start', async () => {
  await declareGate(fixture, QUEUE, { most: 2 });
  const [first = ''] = await arrive(fixture, [limitedMessage(fixture, { limits: [ACME], enqueuedAt: 1_000 })]);
  const [second, third] = await plain(3);
  const child = await LimitedChild.start(fixture);
  const { ids, messages } = await child.claim();
  expect(ids).toEqual([first, second]);
  expect(messages.map((message) => message.slice(34, 62))).toEqual([`q${GATE}`, `q${GATE}`]);
  expect(await slots()).toEqual({ [GATE]: '2', [ACME]: '1' });
  expect(await child.ids()).toEqual([]);
  await child.end(first);
  expect(await child.ids()).toEqual([third]);
});

it.each<[string, (child: LimitedChild<Stoppable>, id: string) => Promise<unknown>]>([
  ['ends', (child, id) => child.end(id)],
  ['dies', ({ claimant }, id) => fixture.broker.bury(claimant, { id, queue: QUEUE }, REPORT)],
])('the limit of a queue is free again when its task %s, which has no limit of its own', async (_, way) => {
  await declareGate(fixture, QUEUE, { most: 1 });
  const [first = '', second] = await plain(2);
  const child = await LimitedChild.start(fixture);
  expect(await child.ids()).toEqual([first]);
  await way(child, first);
  expect(await slots()).toEqual({});
  expect(await child.ids()).toEqual([second]);
});

it('a queue whose limit is full waits as a whole: its bell is silent until a task ends', async () => {
  await declareGate(fixture, QUEUE, { most: 1 });
  const [first = '', second] = await plain(2);
  const child = await LimitedChild.start(fixture);
  await fixture.redis.del(BELL);
  expect(await child.claim()).toMatchObject({ ids: [first], needed: 1 });
  expect(await rings()).toBe(0);
  expect(await fixture.redis.zrange(WAITERS, '0', '-1')).toEqual([`${GATE}default a0000000000000 *`]);
  await child.end(first);
  expect(await rings()).toBe(1);
  expect(await fixture.redis.exists(WAITERS)).toBe(0);
  expect(await child.ids()).toEqual([second]);
});

it.each<[string, () => Promise<unknown>]>([
  ['lists', () => plain(1)],
  ['lines', () => sendLimited(fixture, { priority: 1 })],
])('a queue that waits as a whole for its %s is passed over for the next', async (_, send) => {
  await declareGate(fixture, QUEUE, { most: 1 });
  await plain(1);
  await (await LimitedChild.start(fixture)).ids();
  await send();
  const [other] = await plain(1, 'bulk');
  const child = await LimitedChild.start(fixture, [QUEUE, 'bulk']);
  expect(await child.ids()).toEqual([other]);
  expect(await fixture.redis.zcard(WAITERS)).toBe(1);
});

it('a queue without tasks does not wait, though its limit is full', async () => {
  await declareGate(fixture, QUEUE, { most: 1 });
  await plain(1);
  await (await LimitedChild.start(fixture)).ids();
  const child = await LimitedChild.start(fixture);
  expect(await child.ids()).toEqual([]);
  expect(await fixture.redis.exists(WAITERS)).toBe(0);
});

it('a queue whose lines all wait for limits of their own does not wait for that of the queue', async () => {
  await declareGate(fixture, QUEUE, { most: 1 });
  await declareLimit(fixture, 'stripe', { most: 1 });
  await sendLimited(fixture, { limits: [ACME] });
  await (await LimitedChild.start(fixture)).ids();
  // its priority keeps it from the list
  await sendLimited(fixture, { limits: [ACME], priority: 1 });
  const child = await LimitedChild.start(fixture);
  expect(await child.ids()).toEqual([]);
  expect(await fixture.redis.zrange(WAITERS, '0', '-1')).toEqual([expect.stringMatching(`^${ACME}.* ${ACME}$`)]);
});

it('a child that may have no tasks with limits gets none of a queue with a limit', async () => {
  await declareGate(fixture, QUEUE, { most: 5 });
  await plain(1);
  const child = await LimitedChild.start(fixture);
  expect(await child.ids({ limited: 0 })).toEqual([]);
  expect(await rings()).toBe(1);
});

it('a child gets as many tasks of a queue with a limit as it may have with limits, and more of others', async () => {
  await declareGate(fixture, QUEUE, { most: 5 });
  const [first, second] = await plain(3);
  const others = await plain(2, 'bulk');
  await sendLimited(fixture, { limits: [ACME] }, 'bulk');
  const child = await LimitedChild.start(fixture, [QUEUE, 'bulk']);
  expect(await child.claim({ limit: 10, limited: 2 })).toMatchObject({ ids: [first, second, ...others], more: 0 });
});

it('a quarantined task of a queue with a full limit stays where it is', async () => {
  await declareGate(fixture, QUEUE, { most: 1 });
  await plain(1);
  const holder = await LimitedChild.start(fixture);
  const [held = ''] = await holder.ids();
  const message = fixture.message();
  const [id] = await arrive(fixture, [`${message.slice(0, 23)}10${message.slice(25)}`]);
  const child = await LimitedChild.start(fixture);
  expect(await child.ids()).toEqual([]);
  expect(await fixture.redis.llen(`${NAMESPACE}suspects:default`)).toBe(1);
  await holder.end(held);
  expect(await child.ids()).toEqual([id]);
});

it('a limit whose queue waits as a whole wakes the lines of no other queue with it', async () => {
  await declareGate(fixture, QUEUE, { most: 1 });
  await fixture.redis.hset(`${NAMESPACE}gates`, 'bulk', GATE);
  const [first = ''] = await plain(1);
  const child = await LimitedChild.start(fixture);
  await child.ids();
  await plain(2);
  await plain(1, 'bulk');
  await (await LimitedChild.start(fixture, [QUEUE, 'bulk'])).ids();
  expect(await fixture.redis.zcard(WAITERS)).toBe(2);
  await fixture.redis.del(BELL, `${NAMESPACE}bell:bulk`);
  await child.end(first);
  // each queue has a token for the free slot
  expect([await rings(), await fixture.redis.llen(`${NAMESPACE}bell:bulk`)]).toEqual([1, 1]);
});

describe('the rate of a queue', () => {
  it('allows its burst at once, and no more', async () => {
    await declareGate(fixture, QUEUE, { intervalUs: HOUR_US, burst: 3 });
    const ids = await plain(5);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual(ids.slice(0, 3));
    expect(await child.ids()).toEqual([]);
  });

  it('allows what is left of its burst', async () => {
    await declareGate(fixture, QUEUE, { intervalUs: HOUR_US, burst: 3 });
    // one and a half starts are still to pass
    await fixture.redis.zadd(`${NAMESPACE}rates`, (await fixture.now()) * 1_000 + 1.5 * HOUR_US, GATE);
    await plain(5);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toHaveLength(1);
  });

  it('lets the queue wait until a promoter wakes it', async () => {
    await declareGate(fixture, QUEUE, { intervalUs: HOUR_US });
    const [, second] = await plain(2);
    const child = await LimitedChild.start(fixture);
    await fixture.redis.del(BELL);
    await child.ids();
    expect(await rings()).toBe(0);
    const [, at = ''] = await fixture.redis.zrange(`${NAMESPACE}paced`, '0', '-1', 'WITHSCORES');
    expect(Number(at)).toBeGreaterThan((await fixture.now()) + 3_500_000);
    await fixture.redis.zadd(`${NAMESPACE}rates`, 1, GATE);
    await fixture.redis.zadd(`${NAMESPACE}paced`, 1, GATE);
    await fixture.broker.promote(10);
    expect(await rings()).toBe(1);
    expect(await child.ids()).toEqual([second]);
  });
});

it('a limit of a queue that is none changes no task', async () => {
  await fixture.redis.hset(`${NAMESPACE}gates`, QUEUE, 'foreign');
  const [message = ''] = fixture.messages(1);
  await fixture.broker.enqueue(QUEUE, [message]);
  const child = await LimitedChild.start(fixture);
  expect(await child.claim()).toMatchObject({ messages: [message], needed: 0 });
});

describe('something foreign', () => {
  const FOREIGN = [
    'claims',
    'unique',
    'gates',
    'drain',
    'slots',
    'rates',
    'paced',
    'limits',
    'waiters',
    'held:default',
  ];
  it.each([...FOREIGN, 'ready:default', 'queue:default', 'suspects:default'])(
    'at %s is named, and nothing is given or lost',
    async (name) => {
      await declareGate(fixture, QUEUE, { most: 5 });
      const [message = ''] = fixture.messages(1);
      await fixture.broker.enqueue(QUEUE, [message]);
      await sendLimited(fixture, { limits: [ACME], unique: 'rxxxxxxxxxxxxxxxxxxxxxxxxxxx' });
      const child = await LimitedChild.start(fixture);
      const key = NAMESPACE + (name === 'claims' ? `claims:${child.claimant.child}` : name);
      if ((await fixture.redis.exists(key)) === 1) await fixture.redis.rename(key, 'aside');
      await fixture.redis.geoadd(key, 0, 0, 'foreign');
      if (name !== 'drain') await fixture.redis.set(key, 'foreign');
      const before = await fixture.state();
      await expect(child.claim()).rejects.toThrow(`WRONGTYPE ${key} is a ${name === 'drain' ? 'zset' : 'string'}`);
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.flushall();
    },
  );
});
