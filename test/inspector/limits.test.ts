import type { Claimant, LimitDeclaration } from '../../src/broker/port/broker.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { type LimitChange, limitKeyCursor } from '../../src/inspector/limits/limit-options.js';
import { limitKey, nameDigest, nameOfQueueLimit } from '../../src/message/limit-tag.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { holdBack } from '../support/limited-child.js';
import { type Limited, limitedMessage, limitedMessages } from '../support/limited-tasks.js';

const STRIPE: LimitDeclaration = { name: 'stripe', concurrency: 1, keyed: true, ordered: false };
const EXPORTS: LimitDeclaration = { name: 'exports', concurrency: 2, keyed: false, ordered: false };
const ACME = limitKey('stripe', 'acme');
const BELL = limitKey('stripe', 'bell');
const LIMITS = '{nestwork}:limits';
const HOUR_MS = 3_600_000;

let fixture: BrokerFixture;
let inspector: Inspector;
let claims = 0;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = new Inspector(fixture.broker);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A worker that declares limits. */
function declare(...limits: readonly LimitDeclaration[]): Promise<Claimant> {
  return fixture.child(['default'], undefined, limits);
}

/** Ids of the tasks that a child gets now. */
async function claim(child: Claimant): Promise<string[]> {
  claims += 1;
  const { tasks } = await fixture.broker.claim(child, { number: claims, limit: 10, limited: 8, acks: [] });
  return tasks.map(({ id }) => id);
}

async function finish(child: Claimant, ids: readonly string[]): Promise<void> {
  await fixture.broker.results.finish(
    child,
    ids.map((id) => ({ id, result: 'd[7]', limited: true })),
  );
}

/** So many tasks with a key of a limit. */
async function send(count: number, limit: string, label?: string, given: Limited = {}): Promise<string[]> {
  const messages = limitedMessages(fixture, count, { limits: [limit], ...given });
  await fixture.broker.enqueueLimited('default', messages, { labels: label === undefined ? [] : [limit, label] });
  return messages.map(idOf);
}

/** The same, of which none lies in the list of the queue. */
const sendInLine = (count: number, limit: string, label?: string) => send(count, limit, label, { priority: 1 });

describe('a list of limits', () => {
  it('has what is declared, how much is used and what waits, by name', async () => {
    const mail = { name: nameOfQueueLimit('mail'), intervalUs: 50_000, burst: 3, keyed: false, ordered: false };
    const child = await declare(STRIPE, EXPORTS, { ...mail, queue: 'mail' });
    await send(2, ACME, 'acme');
    await send(1, BELL, 'bell');
    await send(3, limitKey('exports'));
    await claim(child);
    const { limits, cursor } = await inspector.limits.list();
    const none = { override: undefined, ownKeys: 0, opensAt: undefined, stoppedUntil: undefined };
    const nothing = { ...none, ordered: false };
    const two = { concurrency: 2, rate: undefined, burst: undefined };
    const rate = { concurrency: undefined, rate: '20/s', burst: 3 };
    const one = { ...two, concurrency: 1 };
    expect(limits).toEqual([
      {
        name: 'exports',
        keyed: false,
        queue: undefined,
        ...two,
        declared: two,
        used: 2,
        keysInUse: undefined,
        waitingLines: 1,
        waitingTasks: 1,
        ...nothing,
      },
      {
        name: 'queue mail',
        keyed: false,
        queue: 'mail',
        ...rate,
        declared: rate,
        used: 0,
        keysInUse: undefined,
        waitingLines: 0,
        waitingTasks: 0,
        ...nothing,
      },
      {
        name: 'stripe',
        keyed: true,
        queue: undefined,
        ...one,
        declared: one,
        used: 2,
        keysInUse: 2,
        waitingLines: 1,
        waitingTasks: 1,
        ...nothing,
      },
    ]);
    expect(cursor).toBeUndefined();
  });

  it('goes on with its cursor, and is empty where nothing is declared', async () => {
    expect(await inspector.limits.list()).toEqual({ limits: [], cursor: undefined });
    await declare(STRIPE, EXPORTS);
    const first = await inspector.limits.list({ limit: 1 });
    const second = await inspector.limits.list({ limit: 1, cursor: first.cursor ?? '' });
    expect([first, second].map(({ limits }) => limits.map(({ name }) => name))).toEqual([['exports'], ['stripe']]);
    expect(second.cursor).toBeUndefined();
    expect(await inspector.limits.names()).toEqual(['exports', 'stripe']);
  });

  it('passes over what another program wrote', async () => {
    await declare(EXPORTS);
    await fixture.redis.hset(LIMITS, 'abcdef', 'nonsense', 'ghijkl', '1 - 1 0 {"name":7}', 'x', 'y');
    expect((await inspector.limits.list()).limits).toMatchObject([{ name: 'exports' }]);
  });

  it('counts the tasks in all lines that wait for a limit, and for the limit of a queue all of the queue', async () => {
    const mail = { name: nameOfQueueLimit('default'), concurrency: 2, keyed: false, ordered: false, queue: 'default' };
    const child = await declare(STRIPE, EXPORTS);
    const exports = limitKey('exports');
    await send(1, exports);
    await send(1, exports);
    expect(await claim(child)).toHaveLength(2);
    const both = limitedMessages(fixture, 3, { limits: [exports, ACME] });
    await fixture.broker.enqueueLimited('bulk', both, {});
    await holdBack(fixture, 'bulk');
    await send(4, exports);
    expect(await inspector.limits.get('exports')).toMatchObject({ waitingLines: 2, waitingTasks: 7 });
    const gated = await declare(STRIPE, EXPORTS, mail);
    await fixture.broker.enqueue('default', fixture.messages(5));
    await claim(gated);
    expect(await claim(gated)).toEqual([]);
    expect(await inspector.limits.get(mail.name)).toMatchObject({ used: 2, waitingLines: 1, waitingTasks: 3 + 4 });
  });

  it('counts no tasks where more than a hundred lines wait', async () => {
    await declare(STRIPE);
    await inspector.limits.set('stripe', { allKeys: true, concurrency: 0 });
    const some = Array.from({ length: 100 }, (_, at) =>
      limitedMessage(fixture, { limits: [limitKey('stripe', `${at}`)], priority: 1 }),
    );
    await fixture.broker.enqueueLimited('default', some, {});
    expect(await inspector.limits.get('stripe')).toMatchObject({ waitingLines: 100, waitingTasks: 100 });
    await sendInLine(2, ACME, 'acme');
    expect(await inspector.limits.get('stripe')).toMatchObject({ waitingLines: 101, waitingTasks: undefined });
    expect(await inspector.limits.key('stripe', 'acme')).toMatchObject({ waitingLines: 1, waitingTasks: 2 });
  });

  it('has no tasks of a key of another program', async () => {
    await declare(EXPORTS);
    await inspector.limits.set('exports', { concurrency: 0 });
    await sendInLine(2, limitKey('exports'));
    const held = '{nestwork}:held:default';
    await fixture.redis.rename(held, 'aside');
    await fixture.redis.set(held, 'foreign');
    expect(await inspector.limits.get('exports')).toMatchObject({ waitingLines: 1, waitingTasks: 0 });
    await fixture.redis.rename('aside', held);
  });

  it('says when a limit opens that only its rate keeps shut', async () => {
    const child = await declare({ ...EXPORTS, intervalUs: HOUR_MS * 1_000, burst: 1 });
    await send(2, limitKey('exports'));
    const before = await fixture.now();
    expect(await claim(child)).toHaveLength(1);
    const { opensAt, waitingLines } = await inspector.limits.get('exports');
    expect(waitingLines).toBe(1);
    expect(opensAt?.getTime()).toBeGreaterThanOrEqual(before + HOUR_MS);
    expect(opensAt?.getTime()).toBeLessThanOrEqual((await fixture.now()) + HOUR_MS + 1);
  });
});

describe('a limit that is set', () => {
  it('lets tasks of its key go on at once, those of other keys as declared, and is recorded', async () => {
    const child = await declare(STRIPE);
    await send(3, ACME, 'acme');
    await send(3, BELL, 'bell');
    expect(await claim(child)).toHaveLength(2);
    const before = await fixture.now();
    const given = await inspector.limits.set('stripe', { key: 'acme', concurrency: 3 }, { for: '1h', by: 'anna' });
    const { replaced, ...set } = given;
    expect(replaced).toBeUndefined();
    expect(set).toMatchObject({ concurrency: 3, rate: undefined, burst: undefined, by: 'anna' });
    expect(set.since.getTime()).toBeGreaterThanOrEqual(before);
    expect(set.until?.getTime()).toBeGreaterThanOrEqual(before + HOUR_MS);
    expect(await claim(child)).toHaveLength(2);
    expect(await inspector.limits.key('stripe', 'acme')).toMatchObject({ used: 3, concurrency: 3, override: set });
    expect(await inspector.limits.key('stripe', 'bell')).toMatchObject({
      used: 1,
      concurrency: 1,
      override: undefined,
    });
    expect(await inspector.limits.get('stripe')).toMatchObject({ concurrency: 1, ownKeys: 1, used: 4 });
    expect(await inspector.actions.list()).toMatchObject([
      {
        ...{ action: 'set-limit', subject: 'stripe acme', count: 1, by: 'anna' },
        details: expect.stringMatching(/^3 at once until \d{4}-\S+ \S+Z$/),
      },
    ]);
  });

  it('wakes the tasks of a queue that its own broker does not know', async () => {
    const child = await declare({ ...EXPORTS, concurrency: 1 });
    await send(2, limitKey('exports'));
    await claim(child);
    await fixture.redis.del('{nestwork}:bell:default');
    await inspector.limits.set('exports', { concurrency: null });
    expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
    expect(await claim(child)).toHaveLength(1);
    expect(await inspector.limits.get('exports')).toMatchObject({
      concurrency: undefined,
      override: { concurrency: null, until: undefined, by: undefined },
    });
  });

  it('holds for all keys that have nothing of their own', async () => {
    const child = await declare(STRIPE);
    await send(3, ACME, 'acme');
    await send(3, BELL, 'bell');
    await inspector.limits.set('stripe', { key: 'bell', concurrency: 1 });
    await inspector.limits.set('stripe', { allKeys: true, concurrency: 2 });
    expect(await claim(child)).toHaveLength(3);
    expect(await inspector.limits.get('stripe')).toMatchObject({ concurrency: 2, override: { concurrency: 2 } });
    expect(await inspector.limits.reset('stripe', { allKeys: true })).toMatchObject({
      ...{ override: { concurrency: 2 }, stoppedUntil: undefined },
    });
    expect(await inspector.limits.get('stripe')).toMatchObject({ concurrency: 1, override: undefined, ownKeys: 1 });
  });

  it('starts nothing at a concurrency of 0, and goes on after the reset', async () => {
    const child = await declare(EXPORTS);
    await inspector.limits.set('exports', { concurrency: 0 });
    await send(2, limitKey('exports'));
    expect(await claim(child)).toEqual([]);
    expect(await inspector.limits.get('exports')).toMatchObject({ concurrency: 0, waitingLines: 1 });
    expect(await inspector.limits.reset('exports', { by: 'anna' })).toMatchObject({ override: { concurrency: 0 } });
    expect(await claim(child)).toHaveLength(2);
    expect(await inspector.limits.reset('exports')).toBeUndefined();
    expect((await inspector.actions.list()).map(({ action, by, details }) => [action, by, details])).toEqual([
      ['reset-limit', 'anna', 'ended 0 at once'],
      ['set-limit', undefined, '0 at once'],
    ]);
  });

  it('starts nothing at a concurrency of 0, not even the task that keeps the slot of an ordered key', async () => {
    const child = await declare({ ...STRIPE, ordered: true });
    const [first = ''] = await send(2, ACME, 'acme');
    expect(await claim(child)).toEqual([first]);
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 0 });
    const again = { inMs: 0, failures: 0, line: '\n{"at":7}', counts: true };
    await fixture.broker.retry(child, { id: first, queue: 'default' }, again);
    expect(await claim(child)).toEqual([]);
    await inspector.limits.reset('stripe', { key: 'acme' });
    expect(await claim(child)).toEqual([first]);
  });

  it('to a faster rate is not held back by starts at the slower one', async () => {
    const child = await declare({ ...EXPORTS, intervalUs: HOUR_MS * 1_000, burst: 1 });
    await send(3, limitKey('exports'));
    expect(await claim(child)).toHaveLength(1);
    await inspector.limits.set('exports', { rate: '1000/s', concurrency: null });
    const started: string[] = [];
    await eventually(async () => {
      await fixture.broker.promote(100);
      started.push(...(await claim(child)));
      expect(started).toHaveLength(2);
    });
  });

  it('is as declared again at its end, and leaves nothing behind', async () => {
    await declare(STRIPE);
    await inspector.limits.set('stripe', { key: 'acme', rate: null, concurrency: 5 }, { for: 20 });
    expect(await fixture.redis.hkeys(LIMITS)).toHaveLength(3);
    await eventually(async () => {
      await fixture.broker.promote(100);
      expect(await fixture.redis.hkeys(LIMITS)).toEqual([nameDigest('stripe')]);
    });
    expect(await inspector.limits.key('stripe', 'acme')).toMatchObject({ concurrency: 1, override: undefined });
  });

  it('replaces what was set before, its end included', async () => {
    await declare(STRIPE);
    const first = { key: 'acme', concurrency: 5 };
    const { replaced: nothing, ...set } = await inspector.limits.set('stripe', first, { for: '1h', by: 'anna' });
    const { replaced } = await inspector.limits.set('stripe', { key: 'acme', rate: '200/s' });
    expect([nothing, replaced]).toEqual([undefined, set]);
    expect(await inspector.limits.key('stripe', 'acme')).toMatchObject({
      concurrency: 1,
      rate: '200/s',
      burst: 10,
      override: { concurrency: undefined, rate: '200/s', burst: 10, until: undefined },
    });
    const ends = (await fixture.redis.zrange('{nestwork}:paced', '0', '-1')).filter((entry) => entry.startsWith('!'));
    expect(ends).toEqual([]);
  });

  it('kills nothing when it is lowered below what runs', async () => {
    const child = await declare(EXPORTS);
    await send(3, limitKey('exports'));
    const running = await claim(child);
    await inspector.limits.set('exports', { concurrency: 1 });
    expect(await inspector.limits.get('exports')).toMatchObject({ used: 2, concurrency: 1 });
    await finish(child, running.slice(0, 1));
    expect(await claim(child)).toEqual([]);
    await finish(child, running.slice(1));
    expect(await claim(child)).toHaveLength(1);
  });

  it('outlives its declaration, and is found by its name', async () => {
    await declare(EXPORTS, STRIPE);
    await inspector.limits.set('exports', { concurrency: 0 });
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 0 });
    await fixture.redis.hdel(LIMITS, nameDigest('exports'), nameDigest('stripe'));
    expect((await inspector.limits.list()).limits).toMatchObject([
      { name: 'exports', declared: undefined, concurrency: 0, keyed: false },
    ]);
    expect(await inspector.limits.reset('stripe', { key: 'acme' })).toMatchObject({ override: { concurrency: 0 } });
    await expect(inspector.limits.get('stripe')).rejects.toThrow('UNKNOWN_LIMIT');
  });
});

describe('the limit of a queue that no app declares', () => {
  it('is set while workers run, and gone after its reset', async () => {
    const child = await declare();
    const set = await inspector.limits.set('queue default', { concurrency: 1 }, { for: '1h', by: 'anna' });
    expect(set).toMatchObject({ concurrency: 1, rate: undefined, replaced: undefined });
    await fixture.broker.enqueue('default', fixture.messages(3));
    expect(await claim(child)).toHaveLength(1);
    expect(await claim(child)).toEqual([]);
    expect((await inspector.limits.list()).limits).toMatchObject([
      {
        ...{ name: 'queue default', queue: 'default', keyed: false, declared: undefined, concurrency: 1, used: 1 },
        ...{ waitingTasks: 2, override: { by: 'anna' } },
      },
    ]);
    expect(await inspector.limits.reset('queue default')).toMatchObject({ override: { by: 'anna' } });
    expect(await claim(child)).toHaveLength(2);
    expect(await inspector.limits.list()).toMatchObject({ limits: [] });
    expect(await inspector.limits.reset('queue default')).toBeUndefined();
    expect(await fixture.redis.exists(LIMITS, '{nestwork}:gates')).toBe(0);
  });

  it('explains what keeps a task of the queue', async () => {
    await declare();
    await inspector.limits.set('queue default', { concurrency: 0 }, { by: 'anna' });
    const [message = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [message]);
    const { code, sentences } = await inspector.tasks.explain(idOf(message));
    expect([code, sentences[0]]).toEqual([
      'held-back',
      'The limit of the queue default is set to 0 by anna, until it is reset: nothing starts.',
    ]);
    expect(await inspector.status()).toMatchObject({ closedLimits: [{ name: 'queue default' }] });
  });

  it('is declared later, and goes by the declaration after its reset', async () => {
    const mail = { name: nameOfQueueLimit('default'), concurrency: 2, keyed: false, ordered: false, queue: 'default' };
    await declare();
    await inspector.limits.set('queue default', { concurrency: 1 });
    const child = await declare(mail);
    await fixture.broker.enqueue('default', fixture.messages(3));
    expect(await claim(child)).toHaveLength(1);
    await inspector.limits.reset('queue default');
    expect(await claim(child)).toHaveLength(1);
  });

  it('is unknown for a queue that no worker has served, with the name that was meant', async () => {
    await declare();
    for (const call of [inspector.limits.set('queue defalt', { concurrency: 1 }), inspector.limits.get('queue defalt')])
      await expect(call).rejects.toMatchObject({
        ...{ code: 'UNKNOWN_LIMIT', message: expect.stringContaining("Did you mean 'queue default'?") },
      });
    await expect(inspector.limits.get('queue default')).rejects.toMatchObject({
      ...{ code: 'UNKNOWN_LIMIT', message: expect.stringMatching(/^The queue default has no limit\./) },
    });
    await expect(inspector.limits.set('queue default', { key: 'a', concurrency: 1 })).rejects.toThrow('has no keys');
    expect(await fixture.redis.exists('{nestwork}:gates')).toBe(0);
  });
});

describe('a limit that a task has stopped', () => {
  /** A task stops the limit for an hour, and two others wait. */
  async function stopped(limit: string): Promise<Claimant> {
    const child = await declare(STRIPE, EXPORTS);
    const [first = ''] = await send(1, limit, limit === ACME ? 'acme' : undefined);
    expect(await claim(child)).toEqual([first]);
    const again = { inMs: HOUR_MS, failures: 0, line: '\n{"at":7}', counts: true, stop: { limit, ms: HOUR_MS } };
    await fixture.broker.retry(child, { id: first, queue: 'default' }, again);
    await send(2, limit, limit === ACME ? 'acme' : undefined);
    return child;
  }

  it('without keys says until when, and goes on after a reset', async () => {
    const child = await stopped(limitKey('exports'));
    const { stoppedUntil, opensAt, ownKeys } = await inspector.limits.get('exports');
    expect(stoppedUntil?.getTime()).toBeGreaterThan((await fixture.now()) + HOUR_MS - 60_000);
    expect([opensAt, ownKeys]).toEqual([stoppedUntil, 0]);
    expect(await claim(child)).toEqual([]);
    expect(await inspector.limits.reset('exports', { by: 'anna' })).toEqual({ override: undefined, stoppedUntil });
    expect(await claim(child)).toHaveLength(2);
    expect(await inspector.limits.get('exports')).toMatchObject({ stoppedUntil: undefined, opensAt: undefined });
    expect(await inspector.actions.list()).toMatchObject([
      { action: 'reset-limit', subject: 'exports', by: 'anna', details: 'ended the stop of a task' },
    ]);
  });

  it('for a key goes on after a reset of that key, and not of all keys', async () => {
    const child = await stopped(ACME);
    expect(await inspector.limits.reset('stripe', { allKeys: true })).toBeUndefined();
    expect(await claim(child)).toEqual([]);
    const { stoppedUntil } = await inspector.limits.key('stripe', 'acme');
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 7 });
    expect(await inspector.limits.reset('stripe', { key: 'acme' })).toMatchObject({
      ...{ override: { concurrency: 7 }, stoppedUntil },
    });
    const [{ details } = {}] = await inspector.actions.list({ limit: 1 });
    expect(details).toBe('ended 7 at once and the stop of a task');
    expect(await claim(child)).toHaveLength(1);
    expect(await fixture.redis.hkeys(LIMITS)).toHaveLength(2);
  });
});

describe('the keys of a limit', () => {
  it('are those with something of their own, those that are held and those that are waited for, each once', async () => {
    const child = await declare(STRIPE);
    await send(2, ACME, 'acme');
    await send(1, BELL, 'bell');
    expect(await claim(child)).toHaveLength(2);
    await inspector.limits.set('stripe', { key: 'crow', concurrency: 0 }, { by: 'anna' });
    await inspector.limits.set('stripe', { key: 'acme', concurrency: 1 });
    await sendInLine(1, limitKey('stripe', 'crow'), 'crow');
    await fixture.call('retry', {
      ...{ sessionId: child.session, child: child.child, id: await heldWith(child, BELL), queue: 'default' },
      ...{ failures: '00', delay: HOUR_MS, line: '\n{"at":7}', counts: 1, stopped: BELL, stoppedMs: HOUR_MS },
    });
    await sendInLine(1, BELL, 'bell');
    const { keys, cursor } = await inspector.limits.keys('stripe');
    const byKey = new Map(keys.map((key) => [key.key, key]));
    expect([keys.length, cursor]).toEqual([3, undefined]);
    expect(byKey.get('acme')).toMatchObject({
      used: 1,
      waitingLines: 1,
      digest: ACME.slice(6),
      stoppedUntil: undefined,
    });
    expect(byKey.get('crow')).toMatchObject({ used: 0, waitingLines: 1, concurrency: 0, override: { by: 'anna' } });
    const stopped = byKey.get('bell');
    expect(stopped).toMatchObject({ used: 0, waitingLines: 1, override: undefined });
    expect(stopped?.stoppedUntil).toEqual(stopped?.opensAt);
    expect(stopped?.stoppedUntil?.getTime()).toBeGreaterThan(Date.now());
  });

  it('are paged, all of many, each once', async () => {
    const child = await declare(STRIPE);
    const names = Array.from({ length: 700 }, (_, at) => `tenant-${at}`);
    const messages = names.map((key) => limitedMessage(fixture, { limits: [limitKey('stripe', key)], priority: 1 }));
    await fixture.broker.enqueueLimited('default', messages, {});
    for (const key of names.slice(0, 300)) await inspector.limits.set('stripe', { key, concurrency: 0 });
    for (let round = 0; round < 5; round += 1) await claim(child);
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await inspector.limits.keys('stripe', { limit: 20, ...(cursor !== undefined && { cursor }) });
      found.push(...page.keys.map(({ digest }) => digest));
      cursor = page.cursor;
      pages += 1;
    }
    const known = names.map((key) => limitKey('stripe', key).slice(6));
    expect(new Set(found).size).toBe(found.length);
    // those that may start are neither held nor waited for
    expect(found).toHaveLength(300 + 40);
    expect(found.every((digest) => known.includes(digest))).toBe(true);
    expect(pages).toBeGreaterThan(10);
  });

  it('are shown by their digest where they are not known in clear', async () => {
    const child = await declare(STRIPE);
    await send(1, ACME);
    await claim(child);
    expect((await inspector.limits.keys('stripe')).keys).toMatchObject([{ key: undefined, digest: ACME.slice(6) }]);
  });
});

describe('a wrong call about limits', () => {
  beforeEach(() => declare(STRIPE, EXPORTS, { ...STRIPE, name: 'files', ordered: true }));

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['an unknown name', () => inspector.limits.get('strpie'), /UNKNOWN_LIMIT.*\n|Did you mean stripe\?/],
    ['no name', () => inspector.limits.reset(7 as never), /No limit 7 is known/],
    ['a key of a limit without keys', () => set({ key: 'acme', concurrency: 1 }, 'exports'), /`key` is given.*no keys/],
    ['all keys of a limit without keys', () => set({ allKeys: true, concurrency: 1 }, 'exports'), /`allKeys` is given/],
    ['no key of a limit with keys', () => set({ concurrency: 1 }), /`key` is missing: the limit "stripe" has keys/],
    ['no key in a reset', () => inspector.limits.reset('stripe'), /`key` is missing/],
    ['a key and all keys', () => set({ key: 'a', allKeys: true, concurrency: 1 }), /stands beside `key`/],
    ['an empty key', () => set({ key: '', concurrency: 1 }), /`key` is ''/],
    ['half a character as a key', () => set({ key: '\ud83d', concurrency: 1 }), /`key` is /],
    ['no change', () => set({ key: 'acme' }), /`concurrency` is not given, and `rate` neither: nothing would change/],
    ['a burst without a rate', () => set({ key: 'acme', burst: 2 }), /`burst` has no `rate`/],
    ['a negative concurrency', () => set({ key: 'acme', concurrency: -1 }), /`concurrency` is -1/],
    ['a wrong rate', () => set({ key: 'acme', rate: '0/s' }), /`rate` is '0\/s'/],
    ['an order of two at once', () => set({ key: 'acme', concurrency: 2 }, 'files'), /keeps the order/],
    ['an order of any number', () => set({ key: 'acme', concurrency: null }, 'files'), /keeps the order/],
    ['no time', () => inspector.limits.set('exports', { concurrency: 1 }, { for: 0 }), /`for` is 0/],
    ['a wrong option', () => set({ key: 'acme', most: 1 } as never), /most/],
    ['an empty name of an actor', () => inspector.limits.reset('exports', { by: '' }), /`by`/],
    ['the keys of a limit without', () => inspector.limits.keys('exports'), /has no keys/],
    ['one key of a limit without', () => inspector.limits.key('exports', 'acme'), /has no keys/],
    ['a foreign cursor', () => inspector.limits.keys('stripe', { cursor: 'x' }), /not returned by keys\(\)/],
    ['a cursor of no part', () => keysAt(4, '0'), /not returned by keys\(\)/],
    ['a cursor that Redis would refuse', () => keysAt(0, 'abc'), /not returned by keys\(\)/],
    ['a cursor beyond all of Redis', () => keysAt(2, '9'.repeat(23)), /not returned by keys\(\)/],
    ['a foreign cursor of the list', () => inspector.limits.list({ cursor: 'x' }), /not returned by list\(\)/],
    ['a wrong size of a page', () => inspector.limits.list({ limit: 0 }), /`limit` is 0/],
  ])('is refused: %s', async (_, call, words) => {
    const before = await fixture.state();
    await expect(call()).rejects.toThrow(words);
    expect(await fixture.state()).toEqual(before);
  });

  function keysAt(part: number, at: string): Promise<unknown> {
    return inspector.limits.keys('stripe', { cursor: limitKeyCursor({ part, at }) });
  }

  function set(change: LimitChange, name = 'stripe'): Promise<unknown> {
    return inspector.limits.set(name, change);
  }
});

/** The id of the task with a limit that a child holds. */
async function heldWith({ child }: Claimant, limit: string): Promise<string> {
  const held = await fixture.redis.hgetall(`{nestwork}:claims:${child}`);
  return Object.entries(held).find(([, message]) => message.includes(`l${limit}`))?.[0] ?? '';
}
