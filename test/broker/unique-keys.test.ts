import type { Claimant, KeyHolder, UniqueOptions } from '../../src/broker/port/broker.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique, type UniqueUntil } from '../../src/message/unique-key.js';
import { BrokerFixture, childExit, counted, idOf, sessionState } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';

const NAMESPACE = '{nestwork}:';
const FUTURE = Date.UTC(2100, 0, 1);
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const LINE = '\n{"at":7}';
const DIGEST = encodeUnique('Some.task', 'k', 'finished').slice(1);

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const NOW: UniqueOptions = { due: undefined, replace: false };
const REPLACE: UniqueOptions = { due: undefined, replace: true };

function add(message: string, options = NOW, queue = 'default'): Promise<KeyHolder> {
  return fixture.broker.enqueueUnique(queue, message, options);
}

/** The value of the key: `<queue> <message>`, or nothing. */
async function holderOfKey(): Promise<string | null> {
  return fixture.redis.hget(`${NAMESPACE}unique`, DIGEST);
}

/** A child that has claimed a task with the key. */
async function running(until: UniqueUntil = 'finished'): Promise<{ child: Claimant; message: string; id: string }> {
  const message = fixture.uniqueMessage('k', until);
  await add(message);
  const child = await fixture.child();
  await fixture.claim(child);
  await fixture.redis.del(`${NAMESPACE}bell:default`);
  return { child, message, id: idOf(message) };
}

describe('a key in a tag among others', () => {
  const NEWER = `x${'f'.repeat(27)}`;
  const tagged = (tags: string, name = 'Some.task'): string =>
    encodeMessage({ id: fixture.ids.next(), name, payload: '[]', enqueuedAt: 1, tags });

  it.each([`${NEWER}f${DIGEST}`, `f${DIGEST}${NEWER}`, `${NEWER}${NEWER}s${DIGEST}`])(
    'is found in %j',
    async (tags) => {
      const message = tagged(tags);
      await add(message);
      expect((await add(fixture.uniqueMessage('k'))).id).toBe(idOf(message));
      await fixture.claim(await fixture.child());
      expect(await holderOfKey()).toBe(tags.includes('s') ? null : `default ${message}`);
    },
  );

  it('is not read from the body, even if the body looks like it', async () => {
    const message = tagged(NEWER, `${'a'.repeat(26)}f${DIGEST}`);
    await fixture.redis.hset(`${NAMESPACE}unique`, DIGEST, `default ${message}`);
    await fixture.broker.enqueue('default', [message]);
    const child = await fixture.child();
    await fixture.claim(child);
    await fixture.broker.ack(child, [idOf(message)]);
    expect(await holderOfKey()).toBe(`default ${message}`);
    await fixture.redis.del(`${NAMESPACE}unique`);
  });
});

/** One way in which a child, or its supervisor, ends a claim. */
type Fate = (child: Claimant, id: string) => Promise<unknown>;

/** Ways in which a task goes back to where it can be claimed. */
const WAYS_BACK = Object.entries<Fate>({
  'tried again later': (child, id) =>
    fixture.broker.retry(child, { id, queue: 'default' }, { inMs: 60_000, line: LINE, failures: 0, counts: true }),
  'tried again at once': (child, id) =>
    fixture.broker.retry(child, { id, queue: 'default' }, { inMs: 0, line: LINE, failures: 0, counts: true }),
  parked: (child, id) =>
    fixture.broker.retry(child, { id, queue: 'default' }, { inMs: 60_000, line: LINE, failures: 0, counts: false }),
  'tried again after its time ran out': (child, id) =>
    fixture.broker.settle(child, childExit({ timedOut: [{ id, retryInMs: 60_000, line: LINE, report: '{}' }] })),
  'a quarantined task after a crash': (child, id) =>
    fixture.broker.settle(child, childExit({ blamed: [id], line: LINE })),
  released: (child, id) => fixture.broker.release(child, [id]),
  'not started when its child died': (child) => fixture.broker.settle(child, childExit({})),
  reaped: async ({ session }) => {
    await fixture.redis.zadd(`${NAMESPACE}sessions`, (await fixture.now()) - 1, session);
    await fixture.redis.set(`${NAMESPACE}pulse`, await fixture.now());
    await fixture.broker.reap(session, 30_000);
  },
});

/** Ways in which a task ends. */
const ENDS = Object.entries<Fate>({
  acked: (child, id) => fixture.broker.ack(child, [id]),
  buried: (child, id) => fixture.broker.bury(child, { id, queue: 'default' }, REPORT),
  'buried after an attempt': (child, id) => fixture.broker.bury(child, { id, queue: 'default' }, REPORT, LINE),
  'done when its child died': (child, id) => fixture.broker.settle(child, childExit({ done: [id] })),
  'dead of a crash': (child, id) => fixture.broker.settle(child, childExit({ blamed: [id], maxCrashes: 1 })),
  'dead after its time ran out': (child, id) =>
    fixture.broker.settle(child, childExit({ timedOut: [{ id, retryInMs: -1, line: LINE, report: '{}' }] })),
});

describe('a task with a free key', () => {
  it.each<[string, UniqueOptions, Record<string, string[]>]>([
    ['now', NOW, { 'queue:default': ['it'], 'bell:default': ['1'] }],
    ['at a time in the past', { due: { at: 1 }, replace: false }, { 'queue:default': ['it'], 'bell:default': ['1'] }],
    ['at a time to come', { due: { at: FUTURE }, replace: false }, { 'scheduled:default': ['it'], alarm: ['1'] }],
    ['after a delay', { due: { in: 60_000 }, replace: true }, { 'scheduled:default': ['it'], alarm: ['1'] }],
  ])('is added %s, and takes the key', async (_when, options, expected) => {
    const message = fixture.uniqueMessage('k');
    expect(await add(message, options)).toEqual({ id: idOf(message), queue: 'default' });
    const keys = Object.entries(expected).map(([key, list]) => [key, list.map((it) => (it === 'it' ? message : it))]);
    expect(await fixture.state()).toEqual({ ...Object.fromEntries(keys), unique: { [DIGEST]: `default ${message}` } });
  });

  it('is due at its time', async () => {
    const [at, after] = [fixture.uniqueMessage('at'), fixture.uniqueMessage('after')];
    const before = await fixture.now();
    await add(at, { due: { at: FUTURE }, replace: false });
    await add(after, { due: { in: 60_000 }, replace: false });
    const [[, first = 0] = [], second] = await fixture.dueTimes();
    expect(second).toEqual([at, FUTURE]);
    expect(first).toBeGreaterThanOrEqual(before + 60_000);
    expect(first).toBeLessThanOrEqual((await fixture.now()) + 60_000);
  });

  it('is added beside tasks with another key, and beside another task with the same key', async () => {
    const messages = [fixture.uniqueMessage('k'), fixture.uniqueMessage('l')];
    for (const message of messages) expect(await add(message)).toMatchObject({ id: idOf(message) });
    expect(encodeUnique('Other.task', 'k', 'finished').slice(1)).not.toBe(DIGEST);
    expect(await fixture.redis.hlen(`${NAMESPACE}unique`)).toBe(2);
  });

  it('is added once when the command is repeated', async () => {
    const message = fixture.uniqueMessage('k');
    await add(message);
    const before = await fixture.state();
    expect(await add(message, REPLACE)).toEqual({ id: idOf(message), queue: 'default' });
    expect(await fixture.state()).toEqual(before);
  });

  it('is not added again when the command is repeated after its end', async () => {
    const { child, message, id } = await running();
    await fixture.broker.ack(child, [id]);
    expect(await add(message)).toEqual({ id, queue: 'default' });
    expect(await fixture.state()).toEqual(sessionState(child));
  });

  it('is added to a queue that this app does not have, too', async () => {
    const message = fixture.uniqueMessage('k');
    expect(await add(message, NOW, 'elsewhere')).toEqual({ id: idOf(message), queue: 'elsewhere' });
    expect(await fixture.state()).toEqual({
      'queue:elsewhere': [message],
      'bell:elsewhere': ['1'],
      unique: { [DIGEST]: `elsewhere ${message}` },
    });
  });

  it('lets the bits of seen ids expire', async () => {
    await add(fixture.uniqueMessage('k'));
    const [seen = ''] = await fixture.redis.keys(`${NAMESPACE}seen:*`);
    expect(await fixture.redis.ttl(seen)).toBeGreaterThan(500);
  });
});

describe('a taken key', () => {
  it.each<[string, UniqueOptions]>([
    ['pending', NOW],
    ['scheduled', { due: { at: FUTURE }, replace: false }],
  ])('keeps others out while its task is %s', async (_where, options) => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    await add(first, options, 'bulk');
    const before = await fixture.state();
    expect(await add(second)).toEqual({ id: idOf(first), queue: 'bulk' });
    expect(await fixture.state()).toEqual(before);
    // a task that was kept out is not marked as seen: it may be sent again
    expect(await add(second, REPLACE)).toMatchObject({ id: idOf(second) });
  });

  it('keeps others out while its task is active', async () => {
    const { id } = await running();
    const before = await fixture.state();
    expect(await add(fixture.uniqueMessage('k'))).toEqual({ id, queue: 'default' });
    expect(await fixture.state()).toEqual(before);
  });

  it.each<[string, UniqueOptions, string, string, Record<string, unknown>]>([
    ['pending', NOW, 'default', 'default', { 'bell:default': ['1'] }],
    ['pending in another queue', NOW, 'bulk', 'default', { 'bell:bulk': ['1'], 'bell:default': ['1'] }],
    [
      'scheduled',
      { due: { at: FUTURE }, replace: false },
      'default',
      'default',
      { alarm: ['1'], 'bell:default': ['1'] },
    ],
    [
      'scheduled in another queue',
      { due: { at: FUTURE }, replace: false },
      'critical',
      'bulk',
      { alarm: ['1'], 'bell:bulk': ['1'] },
    ],
  ])('is taken over from a task that is %s, which is removed', async (_where, options, from, to, bells) => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    await add(first, options, from);
    expect(await add(second, REPLACE, to)).toEqual({ id: idOf(second), queue: to });
    expect(await fixture.state()).toEqual({
      [`queue:${to}`]: [second],
      unique: { [DIGEST]: `${to} ${second}` },
      ...bells,
    });
  });

  it('is taken over by each of several calls, and only the last task waits', async () => {
    const messages = Array.from({ length: 4 }, () => fixture.uniqueMessage('k'));
    for (const [index, message] of messages.entries()) {
      await add(message, { due: { at: FUTURE + index }, replace: true });
    }
    const last = messages.at(-1) ?? '';
    expect(await fixture.dueTimes()).toEqual([[last, FUTURE + 3]]);
    expect(await holderOfKey()).toBe(`default ${last}`);
  });

  it('is taken over from an active task, which goes on and does not free it', async () => {
    const { child, message, id } = await running();
    const second = fixture.uniqueMessage('k');
    expect(await add(second, REPLACE)).toEqual({ id: idOf(second), queue: 'default' });
    const unique = { [DIGEST]: `default ${second}` };
    expect(await fixture.state()).toEqual({
      ...sessionState(child),
      [`claims:${child.child}`]: { [id]: `default ${message}` },
      'queue:default': [second],
      'bell:default': ['1'],
      unique,
    });
    await fixture.broker.ack(child, [id]);
    expect(await fixture.state()).toMatchObject({ 'queue:default': [second], unique });
  });

  it('is not freed by the end of a former task whose id is in the arguments of its holder', async () => {
    const { child, id } = await running();
    const second = fixture.uniqueMessage('k', 'finished', `instead of ${id}`);
    await add(second, REPLACE);
    await fixture.broker.ack(child, [id]);
    expect(await holderOfKey()).toBe(`default ${second}`);
  });

  it.each(WAYS_BACK)('is taken over from a task that waits after it was %s', async (_how, putBack) => {
    const { child, id } = await running();
    await putBack(child, id);
    const second = fixture.uniqueMessage('k');
    expect(await add(second, REPLACE, 'bulk')).toEqual({ id: idOf(second), queue: 'bulk' });
    const {
      'queue:default': queue,
      'suspects:default': quarantined,
      'scheduled:default': later,
    } = await fixture.state();
    expect([queue, quarantined, later]).toEqual([undefined, undefined, undefined]);
    expect(await holderOfKey()).toBe(`bulk ${second}`);
  });

  it('of a task in a queue that this app does not have is taken over, and that task runs, too', async () => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    await add(first, NOW, 'elsewhere');
    expect(await add(second, REPLACE)).toEqual({ id: idOf(second), queue: 'default' });
    expect(await fixture.state()).toMatchObject({ 'queue:elsewhere': [first], 'queue:default': [second] });
  });
});

describe('a key until its task is started', () => {
  it('is freed by the claim of its task, and not before', async () => {
    const message = fixture.uniqueMessage('k', 'started');
    await add(message);
    expect(await holderOfKey()).toBe(`default ${message}`);
    const child = await fixture.child();
    await fixture.claim(child);
    expect(await fixture.state()).toEqual({
      ...sessionState(child),
      [`claims:${child.child}`]: { [idOf(message)]: `default ${message}` },
      'bell:default': ['1'],
    });
  });

  it('is freed by the claim of its task as a quarantined task', async () => {
    const message = counted(fixture.uniqueMessage('k', 'started'), { crashes: 1 });
    await add(message, { due: { in: 1 }, replace: false });
    await eventually(async () => expect((await fixture.broker.promote(1)).moved).toBe(1));
    const child = await fixture.child();
    expect((await fixture.claim(child)).tasks).toMatchObject([{ id: idOf(message) }]);
    expect(await holderOfKey()).toBeNull();
  });

  it('can be taken while its task runs, and stays with the new task', async () => {
    const { child, id } = await running('started');
    const second = fixture.uniqueMessage('k', 'started');
    expect(await add(second)).toMatchObject({ id: idOf(second) });
    await fixture.broker.release(child, [id]);
    await fixture.claim(child, 1);
    await fixture.broker.ack(child, [id]);
    expect(await holderOfKey()).toBe(`default ${second}`);
  });

  it.each(WAYS_BACK)('is not taken again when its task is %s', async (_how, fate) => {
    const { child, id } = await running('started');
    await fate(child, id);
    expect(await holderOfKey()).toBeNull();
  });
});

describe('a key until its task is finished', () => {
  it.each(ENDS)('is freed when its task is %s', async (_how, fate) => {
    const { child, id, message } = await running();
    expect(await holderOfKey()).toBe(`default ${message}`);
    await fate(child, id);
    expect(await fixture.redis.exists(`${NAMESPACE}unique`)).toBe(0);
    const second = fixture.uniqueMessage('k');
    expect(await add(second)).toMatchObject({ id: idOf(second) });
  });

  it.each(WAYS_BACK)('is kept when its task is %s', async (_how, fate) => {
    const { child, id } = await running();
    await fate(child, id);
    const before = await fixture.state();
    expect(await add(fixture.uniqueMessage('k'))).toEqual({ id, queue: 'default' });
    expect(await fixture.state()).toEqual(before);
    // the key leads to the message as it is stored now
    const [where = []] = Object.entries(before).flatMap(([key, value]) =>
      /^(queue|susp|sched)/.test(key) ? value : [],
    );
    expect([where].flat().map((message) => `default ${message}`)).toEqual([await holderOfKey()]);
  });

  it.each(ENDS)('stays with another task that took it over when the former one is %s', async (_how, fate) => {
    const { child, id } = await running();
    const second = fixture.uniqueMessage('k');
    await add(second, REPLACE);
    await fate(child, id);
    expect(await holderOfKey()).toBe(`default ${second}`);
  });

  it.each(WAYS_BACK)(
    'stays with another task that took it over when the former one goes back: %s',
    async (_how, fate) => {
      const { child, id } = await running();
      const second = fixture.uniqueMessage('k');
      await add(second, REPLACE);
      await fate(child, id);
      expect(await holderOfKey()).toBe(`default ${second}`);
    },
  );

  it('is not freed by an ack, a burial or a settlement of a child that does not hold the task', async () => {
    const { id, message } = await running();
    const other = await fixture.child();
    await fixture.broker.ack(other, [id]);
    await fixture.broker.bury(other, { id, queue: 'default' }, REPORT);
    await fixture.broker.settle(other, childExit({ done: [id] }));
    expect(await holderOfKey()).toBe(`default ${message}`);
  });
});

describe('a foreign key', () => {
  it.each(['unique', 'queue:bulk', 'suspects:bulk', 'scheduled:bulk', 'queue:default'])(
    'refuses a task with a key before the script writes: %s',
    async (key) => {
      const message = fixture.uniqueMessage('k');
      await fixture.redis.set(NAMESPACE + key, 'foreign');
      const before = await fixture.state();
      await expect(add(message)).rejects.toThrow('WRONGTYPE');
      await expect(add(message, { due: { at: FUTURE }, replace: true })).rejects.toThrow('WRONGTYPE');
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.del(NAMESPACE + key);
      expect(await add(message)).toMatchObject({ id: idOf(message) });
    },
  );

  it('in place of the bits refuses it, too', async () => {
    const message = fixture.uniqueMessage('k');
    const seen = `${NAMESPACE}seen:${message.slice(0, 12)}:0`;
    await fixture.redis.del(seen);
    await fixture.redis.hset(seen, 'foreign', '1');
    await expect(add(message)).rejects.toThrow('WRONGTYPE');
    expect(await fixture.state()).toEqual({});
    await fixture.redis.del(seen);
  });

  it('in place of the keys refuses every end of a claim before the script writes', async () => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    const [id] = [idOf(message)];
    await fixture.broker.enqueue('default', fixture.messages(1));
    await fixture.redis.set(`${NAMESPACE}unique`, 'foreign');
    const before = await fixture.state();
    const claim = fixture.broker.claim(child, { number: 2, limit: 5, acks: [id] });
    await expect(claim).rejects.toThrow('WRONGTYPE');
    for (const [, end] of ENDS) await expect(end(child, id)).rejects.toThrow('WRONGTYPE');
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(`${NAMESPACE}unique`);
  });
});

describe('a full Redis', () => {
  it('refuses a task with a key, and writes nothing', async () => {
    const message = fixture.uniqueMessage('k');
    const refused = fixture.whenFull(() => add(message));
    await expect(refused).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    expect(await fixture.state()).toEqual({});
    expect(await add(message)).toMatchObject({ id: idOf(message) });
  });

  it('lets keys be freed', async () => {
    const [a, b] = [fixture.uniqueMessage('a', 'started'), fixture.uniqueMessage('b')];
    await add(a);
    await add(b);
    const child = await fixture.child();
    await fixture.whenFull(async () => {
      await fixture.claim(child);
      await fixture.broker.ack(child, [a, b].map(idOf));
    });
    expect(await fixture.state()).toEqual({ ...sessionState(child), 'bell:default': ['1'] });
  });
});
