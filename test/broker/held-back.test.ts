/** Tasks that wait in lines, as those see them who read, count, find, cancel and purge tasks. */
import type { MetricsBucket, QueueState } from '../../src/broker/port/broker.js';
import type { WaitingQuery } from '../../src/broker/port/task-port.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { declareLimit, type Limited, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const ACME = limitKey('stripe', 'acme');
const GLOBEX = limitKey('stripe', 'globex');
const HELD = '{nestwork}:held:default';
const PLACE = { queue: 'default', state: 'held' } as const;
const ALL: WaitingQuery = { order: 'oldest', at: 1_000, limit: 1_000, look: 1_000, task: undefined, id: undefined };
const EVERY = { passed: 0, task: undefined, before: undefined, look: 2_000 } as const;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => declareLimit(fixture, 'stripe', { most: 1 }));
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function send(...messages: string[]): Promise<void> {
  const labels = messages.some((message) => message.includes(ACME)) ? [ACME, 'acme'] : [];
  await fixture.broker.enqueueLimited('default', messages, { labels });
}

/** A child holds the first of these; the limit keeps the others of that key from their start. */
async function full(...messages: string[]): Promise<void> {
  await send(...messages);
  const child = await fixture.child();
  const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
  expect(tasks.map(({ id }) => id)).toEqual(messages.slice(0, 1).map(idOf));
}

async function stateOf(queue = 'default'): Promise<QueueState> {
  return (await fixture.broker.queueStates([queue]))[0] as QueueState;
}

/** Their priority keeps them from the list of their queue. */
function held(count: number, limit = ACME): string[] {
  return limitedMessages(fixture, count, { limits: [limit], priority: 1 });
}

function heldOne(limit: string, given: Limited = {}): string {
  return limitedMessage(fixture, { limits: [limit], priority: 1, ...given });
}

describe('the state of a queue', () => {
  it('counts tasks of lines that may start as pending, and those that a limit holds back apart', async () => {
    await full(...held(4));
    await send(...held(2, GLOBEX));
    await fixture.broker.enqueue('default', fixture.messages(5));
    expect(await stateOf()).toMatchObject({ pending: 7, heldBack: 3 });
    expect(await fixture.broker.places.sizes([PLACE, { queue: 'default', state: 'pending' }])).toEqual([5, 5]);
  });

  it.each([
    [500, 600],
    [600, 600],
  ])(
    'counts %i lines of the rarer kind, whose last 100 have two tasks, as %i tasks: it looks at 500',
    async (rare, pending) => {
      const keys = Array.from({ length: rare + 700 }, (_, index) => limitKey('stripe', `k${index}`));
      await fixture.redis.hset('{nestwork}:slots', Object.fromEntries(keys.slice(rare).map((key) => [key, '1'])));
      await send(...keys.map((key) => heldOne(key)));
      const twice = keys.slice(rare - 100, rare);
      await send(...twice.map((key) => heldOne(key)));
      // lines with a later turn stand behind the others
      await fixture.redis.zadd('{nestwork}:ready:default', ...twice.flatMap((key) => [9e14, key]));
      const all = rare + 800;
      expect(await stateOf()).toMatchObject({ pending, heldBack: all - pending });
      await fixture.redis.flushall();
    },
  );

  it('counts few lines that a limit holds back as they are, beside more that may start than it looks at', async () => {
    const keys = Array.from({ length: 603 }, (_, index) => limitKey('stripe', `k${index}`));
    const [ready, waiting] = [keys.slice(0, 600), keys.slice(600)];
    await fixture.redis.hset('{nestwork}:slots', Object.fromEntries(waiting.map((key) => [key, '1'])));
    await send(...keys.map((key) => heldOne(key)));
    const twice = ready.slice(500);
    await send(...twice.map((key) => heldOne(key)));
    // lines with a later turn stand behind the others
    await fixture.redis.zadd('{nestwork}:ready:default', ...twice.flatMap((key) => [9e14, key]));
    expect(await stateOf()).toMatchObject({ pending: 700, heldBack: 3 });
    await fixture.redis.flushall();
  });

  it('has the oldest task that is next, of its list or of a line that may start', async () => {
    const [waiting = '', behind = ''] = [...held(1, GLOBEX), ...held(2)];
    await full(...held(2));
    await send(waiting, behind);
    const came = await fixture.now();
    await fixture.broker.enqueue('default', [plainAt(came + 60_000)]);
    expect((await stateOf()).head?.slice(0, 20)).toBe(idOf(waiting));
    await fixture.broker.enqueue('default', [plainAt(came - 60_000)]);
    expect((await stateOf()).head?.slice(0, 20)).toBe(idOf(waiting));
    await fixture.redis.lpop('{nestwork}:queue:default');
    const [first = ''] = await fixture.redis.lrange('{nestwork}:queue:default', 0, 0);
    expect((await stateOf()).head).toBe(first);
  });

  it('has the task of the tenant whose turn is next where nothing else is next', async () => {
    const first = limitedMessage(fixture, { tenant: 'globex' });
    await send(first, limitedMessage(fixture, { tenant: 'acme' }));
    expect((await stateOf()).head?.slice(0, 20)).toBe(idOf(first));
  });

  it('has no task while a limit holds all of them back', async () => {
    await full(...held(3));
    expect(await stateOf()).toMatchObject({ pending: 0, heldBack: 2, head: undefined });
  });
});

describe('a queue that waits as a whole for its own limit', () => {
  it('has its tasks held back, those of its list, too', async () => {
    const gate = limitKey('queue default');
    await declareLimit(fixture, 'queue default', { most: 1, keyed: false });
    await fixture.redis.hset('{nestwork}:gates', 'default', gate);
    const [, second = ''] = await plainBehindGate();
    await send(...held(2));
    expect(await stateOf()).toMatchObject({ pending: 0, heldBack: 3, head: undefined });
    const { tasks } = await fixture.broker.places.page({ queue: 'default', state: 'pending' }, ALL);
    expect(tasks).toMatchObject([{ heldBack: true }]);
    expect(await fixture.broker.places.find(idOf(second), ['default'])).toMatchObject({ ahead: 0, heldBack: true });
    await fixture.broker.metrics.sample(['default']);
    expect((await lastBucket()).samples).toMatchObject([{ pending: 0, heldBack: 3, oldestMs: 0 }]);
  });

  it('has them pending again where the keys of limits hold something foreign', async () => {
    await fixture.redis.set('{nestwork}:gates', 'foreign');
    await fixture.broker.enqueue('default', fixture.messages(2));
    expect(await stateOf()).toMatchObject({ pending: 2, heldBack: 0 });
    await fixture.redis.del('{nestwork}:gates');
  });
});

describe('a page of the tasks in lines', () => {
  it('has each with its message, and whether a limit holds it back', async () => {
    const [active = '', ...others] = held(3);
    const free = heldOne(GLOBEX, { task: 'Other.task' });
    await full(active, ...others);
    await send(free);
    const { tasks, ...rest } = await fixture.broker.places.page(PLACE, ALL);
    expect(rest).toEqual({ looked: 3, next: 0, left: 0 });
    expect(tasks.map(({ head, heldBack = false }) => [head.slice(0, 20), heldBack])).toEqual([
      ...others.map((message) => [idOf(message), true]),
      [idOf(free), false],
    ]);
    expect(tasks.every(({ head }) => head.includes('["'))).toBe(true);
  });

  it('ends at its limit, and goes on from there in both orders', async () => {
    const messages = held(5);
    await send(...messages);
    const seen = { oldest: [] as string[], newest: [] as string[] };
    for (const order of ['oldest', 'newest'] as const) {
      let at = order === 'oldest' ? 5 : 0;
      for (let left = 1; left > 0; ) {
        const page = await fixture.broker.places.page(PLACE, { ...ALL, order, at, limit: 2 });
        seen[order].push(...page.tasks.map(({ head }) => head.slice(0, 20)));
        ({ next: at, left } = page);
      }
    }
    expect(seen).toEqual({ oldest: messages.map(idOf), newest: messages.map(idOf).reverse() });
  });

  it('has the calls of one task, or those whose id begins so', async () => {
    const other = heldOne(ACME, { task: 'Other.task' });
    await send(...held(3), other);
    for (const filter of [{ task: 'Other.task' }, { id: idOf(other) }]) {
      const { tasks, looked } = await fixture.broker.places.page(PLACE, { ...ALL, ...filter });
      expect([tasks.map(({ head }) => head.slice(0, 20)), looked]).toEqual([[idOf(other)], 4]);
    }
  });
});

describe('the search for a task', () => {
  it('finds it in its line, with the number before it there, and whether a limit holds it back', async () => {
    const messages = held(3);
    await full(...messages);
    const free = heldOne(GLOBEX);
    await send(free);
    const found = await fixture.broker.places.find(idOf(messages[2] ?? ''), ['bulk', 'default']);
    expect(found).toMatchObject({ state: 'pending', queue: 'default', ahead: 1, inLine: true, heldBack: true });
    expect(found.message).toContain('"Some.task"');
    expect(await fixture.broker.places.find(idOf(free), ['default'])).toMatchObject({ ahead: 0, heldBack: false });
  });

  it('goes on from page to page', async () => {
    const messages = held(5_000);
    await send(...messages);
    const found = await fixture.broker.places.find(idOf(messages[3] ?? ''), ['default']);
    expect(found).toMatchObject({ state: 'pending', ahead: 3 });
    await fixture.redis.flushall();
  });

  it('cancels it there, and frees its unique key and the limit it was woken for', async () => {
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const first = heldOne(ACME, { unique });
    const second = heldOne(ACME);
    await fixture.broker.enqueueUnique('default', first, { due: undefined, replace: false, labels: [ACME, 'acme'] });
    await send(second);
    expect(await fixture.broker.places.cancel(idOf(first), ['default'])).toMatchObject({ state: 'pending' });
    expect(await fixture.redis.zcard(HELD)).toBe(1);
    expect(await fixture.redis.exists('{nestwork}:unique')).toBe(0);
    expect(await fixture.broker.places.cancel(idOf(first), ['default'])).toMatchObject({ state: 'cancelled' });
    expect(await fixture.broker.places.cancel(idOf(second), ['default'])).toMatchObject({ state: 'pending' });
    expect(await fixture.redis.keys('{nestwork}:*')).not.toContain('{nestwork}:limit-labels');
  });
});

describe('a purge of tasks in lines', () => {
  it('removes all of them, so many at a time, and nothing is left of their lines', async () => {
    const keys = Array.from({ length: 150 }, (_, index) => limitKey('stripe', `k${index}`));
    await send(...held(60), ...keys.map((key) => heldOne(key)));
    const step = await fixture.broker.places.purge('default', { state: 'held', ...EVERY });
    expect(step).toEqual({ purged: 100, looked: 100, passed: 0, left: 110 });
    await fixture.broker.places.purge('default', { state: 'held', ...EVERY });
    expect(await fixture.broker.places.purge('default', { state: 'held', ...EVERY })).toMatchObject({
      purged: 10,
      left: 0,
    });
    expect(await fixture.redis.keys('{nestwork}:*')).toEqual(
      expect.not.arrayContaining([HELD, '{nestwork}:ready:default', '{nestwork}:waiters', '{nestwork}:limit-labels']),
    );
  });

  it('removes the calls of one task, frees their keys, and passes over the others', async () => {
    const unique = encodeUnique('Other.task', 'k', 'finished');
    const other = heldOne(ACME, { task: 'Other.task', unique });
    await send(...held(2));
    await fixture.broker.enqueueUnique('default', other, { due: undefined, replace: false });
    await send(...held(2));
    const step = await fixture.broker.places.purge('default', { state: 'held', ...EVERY, task: 'Other.task' });
    expect(step).toEqual({ purged: 1, looked: 5, passed: 4, left: 0 });
    expect(await fixture.redis.zcard(HELD)).toBe(4);
    expect(await fixture.redis.exists('{nestwork}:unique')).toBe(0);
    expect(await fixture.broker.places.purge('default', { state: 'held', ...EVERY, passed: 4 })).toMatchObject({
      looked: 0,
    });
  });

  it('removes those that came before a time', async () => {
    await send(...held(3));
    const none = await fixture.broker.places.purge('default', { state: 'held', ...EVERY, before: 1 });
    expect(none).toMatchObject({ purged: 0, passed: 3 });
    const before = (await fixture.now()) + 1_000;
    expect(await fixture.broker.places.purge('default', { state: 'held', ...EVERY, before })).toMatchObject({
      purged: 3,
    });
  });

  it('wakes a line of another queue that waited for the limit behind it', async () => {
    await send(...held(1));
    await fixture.redis.hset('{nestwork}:limits', ACME.slice(0, 6), '1 - 1 1 {"name":"stripe","keyed":true}');
    const child = await fixture.child(['default']);
    const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
    const id = tasks[0]?.id ?? '';
    await fixture.broker.release(child, [id]);
    await fixture.broker.enqueueLimited('bulk', held(1), {});
    expect(await stateOf('bulk')).toMatchObject({ heldBack: 1 });
    await fixture.broker.places.purge('default', { state: 'held', ...EVERY });
    expect(await fixture.redis.exists('{nestwork}:slots')).toBe(0);
    // a promoter has the keys of that queue
    await fixture.broker.promote(10);
    expect(await stateOf('bulk')).toMatchObject({ pending: 1, heldBack: 0 });
  });
});

describe('a sample', () => {
  it('has the tasks of lines, those that a limit holds back apart, and the age of one that may start', async () => {
    const old = heldOne(GLOBEX, { enqueuedAt: 1_000 });
    await full(...held(3));
    await send(old);
    await fixture.broker.enqueue('default', fixture.messages(2));
    await age(idOf(old), 90_000);
    await fixture.broker.metrics.sample(['default']);
    const { samples } = await lastBucket();
    expect(samples).toEqual([
      { queue: 'default', pending: 3, heldBack: 2, quarantined: 0, scheduled: 0, oldestMs: expect.any(Number) },
    ]);
    expect(samples[0]?.oldestMs).toBeGreaterThanOrEqual(90_000);
    await fixture.redis.flushall();
  });
});

describe('the end of a pause', () => {
  it('rings for a line that may start', async () => {
    await fixture.broker.pauses.pause('default', { forMs: undefined, by: 'anna', reason: undefined });
    await send(...held(1));
    await fixture.redis.del('{nestwork}:bell:default');
    await fixture.broker.pauses.resume('default');
    expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
  });
});

describe('the backlog', () => {
  it('counts tasks of lines as far as there is room under their limits', async () => {
    const claimable = (): Promise<number> => fixture.broker.backlog.claimable(['default', 'bulk']);
    await declareLimit(fixture, 'stripe', { most: 3 });
    await send(...held(10));
    expect(await claimable()).toBe(3);
    await send(
      ...held(2, GLOBEX),
      limitedMessage(fixture, { priority: 3 }),
      limitedMessage(fixture, { tenant: 'acme' }),
    );
    expect(await claimable()).toBe(7);
    await fixture.broker.enqueueLimited('bulk', held(5), {});
    expect(await claimable()).toBe(7);
    await fixture.broker.enqueue('default', fixture.messages(4));
    expect(await claimable()).toBe(11);
  });

  it('looks at 200 lines of all queues, and counts each of the others as one task', async () => {
    await declareLimit(fixture, 'stripe', { most: 9 });
    const linesOf = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, at) => held(2, limitKey('stripe', `${prefix}${at}`))).flat();
    await fixture.broker.enqueueLimited('default', linesOf('a', 150), {});
    await fixture.broker.enqueueLimited('bulk', linesOf('b', 100), {});
    // 150 and 50 lines with two tasks, and 50 more
    expect(await fixture.broker.backlog.claimable(['default', 'bulk'])).toBe(450);
  });

  it('counts no more of a queue than its own limit lets start', async () => {
    const gate = limitKey('queue default');
    await declareLimit(fixture, 'queue default', { most: 2, keyed: false });
    await fixture.redis.hset('{nestwork}:gates', 'default', gate);
    await fixture.broker.enqueue('default', fixture.messages(4));
    expect(await fixture.broker.backlog.claimable(['default'])).toBe(2);
  });
});

describe('the key of a limit in clear', () => {
  it('is gone with the last task that has it, and a repeated command brings it not back', async () => {
    const messages = held(1);
    await send(...messages);
    expect(await fixture.redis.hgetall('{nestwork}:limit-labels')).toEqual({ [ACME]: 'acme' });
    await fixture.broker.places.cancel(idOf(messages[0] ?? ''), ['default']);
    await send(...messages);
    expect(await fixture.redis.exists('{nestwork}:limit-labels')).toBe(0);
    await send(...messages, heldOne(GLOBEX));
    expect(await fixture.redis.exists('{nestwork}:limit-labels')).toBe(0);
  });
});

/** Two plain tasks, of which a child holds the first and has looked for the second. */
async function plainBehindGate(): Promise<string[]> {
  const messages = fixture.messages(2);
  await fixture.broker.enqueue('default', messages);
  const child = await fixture.child();
  await fixture.broker.claim(child, { number: 1, limit: 2, limited: 2, acks: [] });
  return messages;
}

function plainAt(enqueuedAt: number): string {
  const message = fixture.message();
  return `${message.slice(0, 25)}${enqueuedAt.toString(36).padStart(9, '0')}${message.slice(34)}`;
}

/** Makes a task in a line older than it is. */
async function age(id: string, ms: number): Promise<void> {
  const [entry = ''] = (await fixture.redis.zrange(HELD, '0', '-1')).filter((one) => one.includes(id));
  const at = (await fixture.now()) - ms;
  const line = entry.slice(0, entry.indexOf(' '));
  const message = entry.slice(line.length + 14);
  const aged = `${message.slice(0, 25)}${at.toString(36).padStart(9, '0')}${message.slice(34)}`;
  await fixture.redis.zrem(HELD, entry);
  await fixture.redis.zadd(HELD, 0, `${line} ${at}${aged}`);
  await fixture.redis.zadd('{nestwork}:ready:default', at, line);
}

async function lastBucket(): Promise<MetricsBucket> {
  const now = await fixture.now();
  const buckets: MetricsBucket[] = [];
  for await (const bucket of fixture.broker.metrics.buckets({ minutes: 1, from: now - 60_000, to: now }))
    buckets.push(bucket);
  return buckets.findLast(({ samples }) => samples.length > 0) as MetricsBucket;
}
