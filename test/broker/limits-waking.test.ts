/** What wakes a line that waits: the script that frees its limit, for the first of each kind and queue. */
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { holdBack, LimitedChild } from '../support/limited-child.js';
import {
  declareLimit,
  type Limited,
  limitedMessage,
  limitedMessages,
  limitKey,
  sendLimited,
} from '../support/limited-tasks.js';

const NAMESPACE = '{nestwork}:';
const QUEUE = 'default';
const READY = `${NAMESPACE}ready:default`;
const HELD = `${NAMESPACE}held:default`;
const WAITERS = `${NAMESPACE}waiters`;
const PACED = `${NAMESPACE}paced`;
const LABELS = `${NAMESPACE}limit-labels`;
const WHOLE = limitKey('whole');
const ACME = limitKey('stripe', 'acme');
const HOUR_US = 3_600_000_000;
/** A line below this state may start. */
const WAITS = 1e15;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const send = (given: Limited, queue = QUEUE) => sendLimited(fixture, given, queue);

/** The same of a task that a limit keeps from its start, as a claim has seen. */
async function sendHeldBack(given: Limited, queue = QUEUE): Promise<string> {
  const id = await send(given, queue);
  await holdBack(fixture, queue);
  return id;
}

/** A child that holds a task with these limits, so that a limit of one at a time is full. */
async function holderOf(limits: readonly string[], queue = QUEUE) {
  const child = await LimitedChild.start(fixture, [queue]);
  const id = await send({ limits }, queue);
  expect(await child.ids()).toEqual([id]);
  await fixture.redis.del(`${NAMESPACE}bell:${queue}`);
  return { child, id, end: () => child.end(id) };
}

/** How many lines of a queue may start, and whether its bell is rung. */
async function awake(queue = QUEUE): Promise<[lines: number, rings: number]> {
  const lines = await fixture.redis.zcount(`${NAMESPACE}ready:${queue}`, '-inf', `(${WAITS}`);
  return [lines, await fixture.redis.llen(`${NAMESPACE}bell:${queue}`)];
}

async function claimed(queue = QUEUE): Promise<string[]> {
  return (await LimitedChild.start(fixture, [queue])).ids();
}

describe('a limit that is free again', () => {
  beforeEach(() => declareLimit(fixture, 'whole', { most: 1 }));

  it('wakes the first of several lines of a kind, and the next when that one has started', async () => {
    const { end } = await holderOf([WHOLE]);
    const [first, second] = [await sendHeldBack({ limits: [WHOLE] }), await send({ limits: [WHOLE, ACME] })];
    await end();
    expect(await awake()).toEqual([1, 1]);
    const child = await LimitedChild.start(fixture);
    expect(await child.ids()).toEqual([first]);
    expect(await awake()).toEqual([0, 1]);
    await child.end(first);
    expect(await child.ids()).toEqual([second]);
  });

  it('wakes one line with a tenant and one without, as each takes its turn', async () => {
    const { end } = await holderOf([WHOLE]);
    for (const tenant of ['a', 'b']) await send({ limits: [WHOLE], tenant });
    for (const key of ['a', 'b']) await send({ limits: [WHOLE, limitKey('stripe', key)] });
    await end();
    expect(await awake()).toEqual([2, 1]);
  });

  it('wakes the line of each queue whose keys the script has', async () => {
    const { child, id } = await holderOf([WHOLE]);
    await sendHeldBack({ limits: [WHOLE] });
    await send({ limits: [WHOLE] }, 'bulk');
    const both = { ...child.claimant, queues: [QUEUE, 'bulk'] };
    await fixture.broker.settle(both, { blamed: [], done: [id], timedOut: [], maxCrashes: 3, line: '', report: '{}' });
    expect([await awake(), await awake('bulk')]).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('leaves the line of a queue whose keys the script has not to a promoter, and wakes that at once', async () => {
    const { end } = await holderOf([WHOLE]);
    const there = await sendHeldBack({ limits: [WHOLE] }, 'elsewhere');
    await fixture.redis.del(`${NAMESPACE}bell:elsewhere`, `${NAMESPACE}alarm`);
    await end();
    expect(await awake('elsewhere')).toEqual([0, 0]);
    expect(await fixture.redis.llen(`${NAMESPACE}alarm`)).toBe(1);
    expect(await fixture.broker.promote(10)).toEqual({ moved: 0, nextInMs: undefined });
    expect(await awake('elsewhere')).toEqual([1, 1]);
    expect(await claimed('elsewhere')).toEqual([there]);
  });

  it('goes on to the next queue, when the first line there waits for another limit', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const full = await holderOf([ACME]);
    const { end } = await holderOf([WHOLE]);
    await sendHeldBack({ limits: [WHOLE, ACME] });
    const next = await send({ limits: [WHOLE] });
    await end();
    expect(await claimed()).toEqual([next]);
    await full.end();
    expect(await claimed()).toEqual([]);
  });

  it('frees the turn of a line that is cancelled before it starts', async () => {
    const { end } = await holderOf([WHOLE]);
    const first = limitedMessage(fixture, { limits: [WHOLE] });
    await fixture.broker.enqueueLimited(QUEUE, [first], {});
    await holdBack(fixture);
    const second = await send({ limits: [WHOLE, ACME] });
    await end();
    expect(await fixture.broker.cancel(idOf(first))).toMatchObject({ state: 'pending' });
    expect(await awake()).toEqual([1, 1]);
    expect(await claimed()).toEqual([second]);
  });

  it('is waited for no more by a line that is cancelled while it waits', async () => {
    const { end } = await holderOf([WHOLE]);
    await fixture.broker.cancel(await send({ limits: [WHOLE], tenant: 'a' }));
    expect(await fixture.redis.exists(WAITERS, READY, HELD)).toBe(0);
    await end();
  });

  const unique = encodeUnique('Some.task', 'k', 'finished');
  it.each<[string, Limited, (id: string) => Promise<unknown>]>([
    ['cancelled', {}, (id) => fixture.broker.cancel(id)],
    [
      'purged',
      { task: 'First.task' },
      () =>
        fixture.broker.places.purge(QUEUE, {
          ...{ state: 'held', passed: 0, task: 'First.task', before: undefined, look: 10 },
        }),
    ],
    [
      'replaced by a task of another queue',
      { unique },
      () => fixture.broker.enqueueUnique('bulk', fixture.uniqueMessage('k'), { due: undefined, replace: true }),
    ],
  ])('by time rings for the next task of a line whose first is %s before a promoter comes', async (_, given, way) => {
    await declareLimit(fixture, 'stripe', { intervalUs: HOUR_US });
    await holderOf([ACME]);
    const first = limitedMessage(fixture, { limits: [ACME], ...given });
    if (given.unique === undefined) await fixture.broker.enqueueLimited(QUEUE, [first], {});
    else await fixture.broker.enqueueUnique(QUEUE, first, { due: undefined, replace: false });
    await holdBack(fixture);
    const second = await send({ limits: [ACME] });
    await fixture.redis.zadd(`${NAMESPACE}rates`, 1, ACME);
    expect(await awake()).toEqual([0, 0]);
    await way(idOf(first));
    expect(await awake()).toEqual([1, 1]);
    expect(await claimed()).toEqual([second]);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['cancelled', (id) => fixture.broker.cancel(id)],
    [
      'purged',
      () =>
        fixture.broker.places.purge(QUEUE, {
          state: 'held',
          passed: 0,
          task: 'First.task',
          before: undefined,
          look: 100,
        }),
    ],
  ])('is waited for in silence by the next task of a line whose first is %s', async (_, way) => {
    const { end } = await holderOf([WHOLE]);
    const first = await send({ limits: [WHOLE], task: 'First.task' });
    const second = await send({ limits: [WHOLE] });
    await holdBack(fixture);
    await way(first);
    expect(await awake()).toEqual([0, 0]);
    await end();
    expect(await claimed()).toEqual([second]);
  });

  it('passes over what others have written among those that wait', async () => {
    const { end } = await holderOf([WHOLE]);
    await fixture.redis.zadd(WAITERS, 0, `${WHOLE} foreign`);
    const next = await send({ limits: [WHOLE] });
    await end();
    expect(await fixture.redis.exists(WAITERS)).toBe(0);
    expect(await claimed()).toEqual([next]);
  });

  it('wakes nobody while more hold it than it allows by now', async () => {
    await declareLimit(fixture, 'whole', { most: 2 });
    const [first] = [await holderOf([WHOLE]), await holderOf([WHOLE])];
    for (let i = 0; i < 25; i += 1) await send({ limits: [WHOLE], tenant: String(i) });
    await declareLimit(fixture, 'whole', { most: 1 });
    await first.end();
    expect(await awake()).toEqual([0, 0]);
    expect(await fixture.redis.exists(PACED)).toBe(0);
  });

  it('moves 20 lines to another limit that is full, and leaves the rest to promoters', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const full = await holderOf([ACME]);
    const { end } = await holderOf([WHOLE]);
    for (let i = 0; i < 25; i += 1) await send({ limits: [WHOLE, ACME], tenant: String(i) });
    await end();
    expect(await awake()).toEqual([0, 0]);
    const waiting = (limit: string) => fixture.redis.zlexcount(WAITERS, `[${limit}`, `(${limit}~`);
    expect([await waiting(WHOLE), await waiting(ACME)]).toEqual([5, 20]);
    expect(await fixture.redis.zrange(PACED, '0', '-1')).toEqual([WHOLE]);
    await fixture.broker.promote(10);
    expect([await waiting(WHOLE), await waiting(ACME)]).toEqual([0, 25]);
    await full.end();
    expect(await claimed()).toHaveLength(1);
  });
});

describe('a task with two limits', () => {
  beforeEach(async () => {
    await declareLimit(fixture, 'whole', { most: 1 });
    await declareLimit(fixture, 'stripe', { most: 1 });
  });

  it('waits for the second when the first has room, and holds none of the first', async () => {
    const { end } = await holderOf([ACME]);
    const id = await sendHeldBack({ limits: [WHOLE, ACME] });
    const other = await send({ limits: [WHOLE] });
    expect(await claimed()).toEqual([other]);
    await end();
    expect(await claimed()).toEqual([]);
    expect(await fixture.redis.zrange(WAITERS, '0', '-1')).toEqual([
      expect.stringMatching(`^${WHOLE}.* ${WHOLE}${ACME}$`),
    ]);
    await fixture.broker.cancel(id);
  });

  it('wakes the others that wait for what it lets go when another limit of it is full by then', async () => {
    const { end } = await holderOf([WHOLE]);
    await sendHeldBack({ limits: [WHOLE, ACME] });
    const next = await send({ limits: [WHOLE] });
    // the first is awake, and before it starts another task takes its second limit
    await end();
    const full = await send({ limits: [ACME], priority: 9 });
    const child = await LimitedChild.start(fixture);
    expect(new Set(await child.ids())).toEqual(new Set([full, next]));
  });
});

describe('an ordered limit', () => {
  beforeEach(() => declareLimit(fixture, 'ledger', { most: 1, ordered: true }));
  const KEY = limitKey('ledger', 'a');

  it('gives the task that keeps its slot before the others, also where another line is first', async () => {
    const { child, id } = await holderOf([KEY]);
    const other = await send({ limits: [KEY], tenant: 'a' });
    const third = await send({ limits: [KEY] });
    await fixture.broker.release(child.claimant, [id]);
    expect(await claimed()).toEqual([id]);
    expect(await fixture.redis.zcard(HELD)).toBe(2);
    await fixture.broker.cancel(other);
    await fixture.broker.cancel(third);
  });

  it.each<[string, Limited, Limited]>([
    ['in front of others', {}, { tenant: 'a' }],
    ['behind others', { tenant: 'a' }, {}],
  ])('that has a rate wakes the task that keeps the slot when its time has come, %s', async (_, given, others) => {
    await declareLimit(fixture, 'ledger', { most: 1, intervalUs: HOUR_US, ordered: true });
    const child = await LimitedChild.start(fixture);
    const id = await send({ limits: [KEY], ...given });
    await child.ids();
    await send({ limits: [KEY], ...others });
    await fixture.broker.release(child.claimant, [id]);
    expect(await claimed()).toEqual([]);
    await fixture.redis.zadd(`${NAMESPACE}rates`, 1, KEY);
    await fixture.redis.zadd(PACED, 1, KEY);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    await fixture.broker.promote(10);
    expect(await awake()).toEqual([1, 1]);
    expect(await claimed()).toEqual([id]);
  });

  it('gives the task that keeps its slot before the others of its tenant', async () => {
    const child = await LimitedChild.start(fixture);
    const first = await send({ limits: [KEY], tenant: 'a' });
    expect(await child.ids()).toEqual([first]);
    const second = await send({ limits: [KEY], tenant: 'a' });
    await fixture.broker.release(child.claimant, [first]);
    expect(await child.ids()).toEqual([first]);
    await child.end(first);
    expect(await child.ids()).toEqual([second]);
  });

  it('counts the slot of a limit that it keeps once, and takes one of each other limit', async () => {
    await declareLimit(fixture, 'whole', { most: 2 });
    const { child, id } = await holderOf([KEY, WHOLE]);
    await fixture.broker.release(child.claimant, [id]);
    expect(await fixture.redis.hgetall(`${NAMESPACE}slots`)).toEqual({ [KEY]: '1' });
    expect(await child.ids()).toEqual([id]);
    expect(await fixture.redis.hgetall(`${NAMESPACE}slots`)).toEqual({ [KEY]: '1', [WHOLE]: '1' });
  });

  it('does not keep the slots of its other limits for the task that waits', async () => {
    await declareLimit(fixture, 'whole', { most: 1 });
    const { child, id } = await holderOf([WHOLE, KEY]);
    const other = await send({ limits: [WHOLE], tenant: 'a' });
    await fixture.broker.release(child.claimant, [id]);
    const another = await LimitedChild.start(fixture);
    // the tenant begins a claim with an even number
    expect(await another.ids({ number: 2 })).toEqual([other]);
    expect(await another.ids()).toEqual([]);
    await another.end(other);
    expect(await another.ids()).toEqual([id]);
  });
});

describe('the key of a limit in clear', () => {
  const labels = [ACME, 'acme'];
  beforeEach(() => declareLimit(fixture, 'stripe', { most: 1 }));

  async function sendWithKey(given: Limited): Promise<string> {
    const message = limitedMessage(fixture, given);
    await fixture.broker.enqueueLimited(QUEUE, [message], { labels });
    return idOf(message);
  }

  it('is kept while a task of another line waits, is woken, or runs', async () => {
    const child = await LimitedChild.start(fixture);
    const first = await sendWithKey({ limits: [ACME] });
    expect(await child.ids()).toEqual([first]);
    const second = await sendWithKey({ limits: [ACME], tenant: 'a' });
    const third = await sendWithKey({ limits: [ACME], tenant: 'b' });
    await child.end(first);
    expect(await fixture.redis.hkeys(LABELS)).toEqual([ACME]);
    expect(await child.ids()).toEqual([second]);
    await fixture.broker.cancel(third);
    expect(await fixture.redis.hkeys(LABELS)).toEqual([ACME]);
    const fourth = await sendWithKey({ limits: [ACME], tenant: 'c' });
    // the only one that waits is woken
    await child.end(second);
    expect(await fixture.redis.hkeys(LABELS)).toEqual([ACME]);
    expect(await child.ids()).toEqual([fourth]);
    await child.end(fourth);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('is forgotten with its last task, also when that dies', async () => {
    const child = await LimitedChild.start(fixture);
    const id = await sendWithKey({ limits: [ACME] });
    await child.ids();
    const report = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };
    expect(await fixture.broker.bury(child.claimant, { id, queue: QUEUE }, report)).toBe(true);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });

  it('is kept while a task of its line may start', async () => {
    const messages = limitedMessages(fixture, 2, { limits: [limitKey('free', 'x')] });
    await fixture.broker.enqueueLimited(QUEUE, messages, { labels: [limitKey('free', 'x'), 'x'] });
    const [first = '', second = ''] = messages.map(idOf);
    const child = await LimitedChild.start(fixture);
    await child.ids({ limit: 1 });
    await child.end(first);
    expect(await fixture.redis.hkeys(LABELS)).toEqual([limitKey('free', 'x')]);
    await fixture.broker.cancel(second);
    expect(await fixture.redis.exists(LABELS)).toBe(0);
  });
});

it('a purge of tasks in two lines rings when one of them has another task that may start', async () => {
  const other = limitKey('stripe', 'other');
  const first = { priority: 1, task: 'First.task' };
  await send({ limits: [other], ...first });
  const second = await send({ limits: [other], priority: 1 });
  await send({ limits: [ACME], ...first });
  await fixture.redis.del(`${NAMESPACE}bell:default`);
  const all = { state: 'held', passed: 0, task: 'First.task', before: undefined, look: 100 } as const;
  expect(await fixture.broker.places.purge(QUEUE, all)).toMatchObject({ purged: 2 });
  expect(await awake()).toEqual([1, 1]);
  expect(await claimed()).toEqual([second]);
});
