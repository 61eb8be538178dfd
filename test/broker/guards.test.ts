/**
 * Inputs and states against which the scripts have guards. test/mutation checks that each guard is needed: it takes them
 * away one by one, and expects a failure here or in the tests beside this one.
 */
import type { Claimant } from '../../src/broker/port/broker.js';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const LEASE_MS = 30_000;
const REPORT = { code: 'CRASHED', error: 'died', host: 'here', pid: 7 };
const EXIT = childExit({});
const NAMESPACE = '{nestwork}:';

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A child that has claimed new tasks of a queue, and their messages. */
async function holder(count: number, queues = ['default']): Promise<{ child: Claimant; messages: string[] }> {
  const child = await fixture.child(queues);
  const messages = fixture.messages(count);
  await fixture.broker.enqueue(queues[0] ?? '', messages);
  await fixture.claim(child, count);
  return { child, messages };
}

/** A task whose process died: it waits to run alone. */
async function quarantined(queue: string): Promise<string> {
  const { child, messages } = await holder(1, [queue]);
  const [message = ''] = messages;
  await fixture.broker.settle(child, { ...EXIT, blamed: [idOf(message)] });
  return counted(message, { crashes: 1 });
}

/** Lets a lease have run out, and the last sign of life of any supervisor be so many ms old. */
async function expire(session: string, silenceMs = 0): Promise<void> {
  const now = Number((await fixture.redis.time())[0]) * 1_000;
  await fixture.redis.zadd(`${NAMESPACE}sessions`, now - 1, session);
  await fixture.redis.set(`${NAMESPACE}pulse`, now - silenceMs);
}

async function deadline(session: string): Promise<number> {
  return Number(await fixture.redis.zscore(`${NAMESPACE}sessions`, session));
}

describe('a full Redis', () => {
  it('does not prevent the end of any claim', async () => {
    const { child, messages } = await holder(4);
    const [done, dead, back] = messages.map(idOf) as [string, string, string];
    const answers = await fixture.whenFull(async () => [
      await fixture.broker.ack(child, [done]),
      await fixture.broker.bury(child, { id: dead, queue: 'default' }, REPORT),
      await fixture.broker.release(child, [back]),
      await fixture.broker.settle(child, EXIT),
    ]);
    expect(answers).toEqual([1, true, 1, { released: 1, crashed: 0, quarantined: 0, dead: 0, timedOut: 0 }]);
  });

  it('does not prevent sessions from opening, renewing and ending', async () => {
    const session = `s-${LEASE_MS}`;
    const { child: lost } = await holder(1);
    await expire(lost.session);
    const answers = await fixture.whenFull(async () => [
      await fixture.broker.openSession({
        session,
        leaseMs: LEASE_MS,
        queues: ['default'],
        host: '',
        pid: 1,
        catalog: [],
      }),
      await fixture.broker.register(session, 'child'),
      await fixture.broker.claim({ session, child: 'child', queues: ['default'] }, { number: 1, limit: 1, acks: [] }),
      await fixture.broker.settle({ session, child: 'child', queues: ['default'] }, EXIT),
      await fixture.broker.renew(session, LEASE_MS),
      (await fixture.broker.overdue(LEASE_MS)).sessions,
      await fixture.broker.reap(lost.session, LEASE_MS),
      await fixture.broker.closeSession(session),
    ]);
    expect(answers).toMatchObject([undefined, true, { tasks: [] }, { released: 0 }, true, [lost.session], 1, true]);
  });
});

describe('a foreign key', () => {
  /** Lets a script run into a foreign key, and checks that it is refused and that nothing else changes. */
  async function refuses(key: string, run: () => Promise<unknown>): Promise<void> {
    // a hash is foreign to all of them but the records
    if (key.startsWith('dead-records')) await fixture.redis.set(NAMESPACE + key, 'foreign');
    else await fixture.redis.hset(NAMESPACE + key, 'foreign', '1');
    const before = await fixture.state();
    await expect(run()).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(NAMESPACE + key);
  }

  it('prevents an enqueue until it is gone', async () => {
    const message = fixture.message();
    await refuses('queue:default', () => fixture.broker.enqueue('default', [message]));
    expect(await fixture.broker.enqueue('default', [message])).toBe(1);
  });

  it.each(['queue:bulk', 'suspects:bulk', 'bell:bulk', 'drain'])('prevents claims: %s', async (key) => {
    const child = await fixture.child(['default', 'bulk']);
    await fixture.broker.enqueue('default', fixture.messages(2));
    await refuses(key, () => fixture.broker.claim(child, { number: 1, limit: 5, acks: [] }));
  });

  it('prevents claims: the claims of the child', async () => {
    const child = await fixture.child();
    await fixture.broker.enqueue('default', fixture.messages(2));
    const claims = `${NAMESPACE}claims:${child.child}`;
    await fixture.redis.set(claims, 'foreign');
    const before = await fixture.state();
    const request = { number: 1, limit: 5, acks: [] };
    await expect(fixture.broker.claim(child, request)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(claims);
  });
});

describe('foreign bytes', () => {
  it.each([
    ['shorter than a header', 'short'],
    ['without an id in front', 'Something that is not a message of ours, but long enough for one'],
  ])('are claimed whole, behind an id made up for them: %s', async (_what, bytes) => {
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, bytes);
    const { tasks } = await fixture.claim(await fixture.child());
    expect(tasks).toEqual([
      { id: expect.stringMatching(/^undecodable[0-9a-f]{9}$/), queue: 'default', message: `${tasks[0]?.id}?${bytes}` },
    ]);
  });
});

describe('a claim', () => {
  it('counts the acks of tasks that the child no longer holds, but not repeated ones', async () => {
    const { child, messages } = await holder(2);
    const [mine, given] = messages.map(idOf) as [string, string];
    await fixture.broker.release(child, [given]);
    const claim = { number: 2, limit: 0, acks: [mine, given] };
    await fixture.broker.claim(child, claim);
    await fixture.broker.claim(child, claim);
    expect(await fixture.broker.staleAcks()).toBe(1);
  });

  it('with a stale number is refused before its acks', async () => {
    const { child, messages } = await holder(1);
    const stale = fixture.broker.claim(child, { number: 0, limit: 1, acks: messages.map(idOf) });
    await expect(stale).rejects.toThrow('STALE_CLAIM');
    expect(await fixture.broker.ack(child, messages.map(idOf))).toBe(1);
  });

  it('takes no quarantined task after a task of another queue', async () => {
    const dangerous = await quarantined('bulk');
    const [harmless = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [harmless]);
    const child = await fixture.child(['default', 'bulk']);
    expect(await fixture.claim(child)).toMatchObject({ tasks: [{ message: harmless }] });
    expect(await fixture.claim(child, 10, [idOf(harmless)])).toMatchObject({ tasks: [{ message: dangerous }] });
  });

  it('takes nothing else after a quarantined task', async () => {
    const dangerous = await quarantined('default');
    await fixture.broker.enqueue('bulk', fixture.messages(1));
    const child = await fixture.child(['default', 'bulk']);
    expect(await fixture.claim(child)).toMatchObject({ tasks: [{ message: dangerous }] });
  });

  it('for a child that must drain for a quarantined task takes nothing, and rings for the next', async () => {
    await quarantined('default');
    const { child } = await holder(2, ['bulk']);
    const pending = fixture.messages(1);
    await fixture.broker.enqueue('bulk', pending);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    expect(await fixture.claim({ ...child, queues: ['default', 'bulk'] })).toMatchObject({ drain: true, tasks: [] });
    expect(await fixture.redis.llen(`${NAMESPACE}bell:default`)).toBe(1);
    expect(await fixture.redis.pttl(`${NAMESPACE}drain`)).toBeGreaterThan(0);
  });

  it('passes a quarantined task over while another child drains for it', async () => {
    await quarantined('default');
    const [first, second] = [await holder(1, ['bulk']), await holder(1, ['bulk'])];
    const pending = fixture.messages(1);
    await fixture.broker.enqueue('default', pending);
    await fixture.claim({ ...first.child, queues: ['default'] });
    expect(await fixture.claim({ ...second.child, queues: ['default'] })).toMatchObject({
      drain: false,
      tasks: pending.map((message) => ({ message })),
    });
  });
});

describe('a release', () => {
  it('releases no task of another child', async () => {
    const { messages } = await holder(1);
    expect(await fixture.broker.release(await fixture.child(), messages.map(idOf))).toBe(0);
    expect(await fixture.redis.llen(`${NAMESPACE}queue:default`)).toBe(0);
  });

  it.each([
    ['the times of their sending', [3, 1, 2], [1, 2, 0]],
    ['their ids when those times are equal', [1, 1, 1], [0, 1, 2]],
  ])('returns tasks in the order of %s', async (_what, times, order) => {
    const messages = times.map((time) => {
      const message = fixture.message();
      return `${message.slice(0, 25)}${time.toString(36).padStart(9, '0')}${message.slice(34)}`;
    });
    const child = await fixture.holderOf(messages);
    await fixture.broker.release(child, messages.map(idOf).reverse());
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual(order.map((at) => messages[at]));
  });

  it('returns a quarantined task to the head of the quarantined tasks', async () => {
    const list = (): Promise<string[]> => fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1);
    for (const { child, messages } of [await holder(1), await holder(1)])
      await fixture.broker.settle(child, { ...EXIT, blamed: messages.map(idOf) });
    const [first = '', second = ''] = await list();
    const child = await fixture.child();
    await fixture.claim(child);
    expect(await list()).toEqual([second]);
    await fixture.broker.release(child, [idOf(first)]);
    expect(await list()).toEqual([first, second]);
  });

  it('rings the bell', async () => {
    const { child, messages } = await holder(1);
    await fixture.redis.del(`${NAMESPACE}bell:default`);
    await fixture.broker.release(child, messages.map(idOf));
    expect(await fixture.redis.llen(`${NAMESPACE}bell:default`)).toBe(1);
  });
});

describe('a registration', () => {
  it('keeps the number of the last claim when it is repeated', async () => {
    const { child } = await holder(1);
    await fixture.broker.register(child.session, child.child);
    expect(await fixture.broker.holdings(child)).toMatchObject({ claimNumber: 1 });
  });
});

describe('a settlement', () => {
  it('counts a crash once for a task that is named twice', async () => {
    const { child, messages } = await holder(1);
    const [id = ''] = messages.map(idOf);
    expect(await fixture.broker.settle(child, { ...EXIT, blamed: [id, id] })).toMatchObject({ crashed: 1 });
  });

  it.each([
    ['crashes', 'z0', 1],
    ['suspicions', '0z', 2],
  ])('counts up to the highest digit: %s', async (_what, counters, blamed) => {
    const messages = fixture.messages(blamed).map((message) => message.slice(0, 23) + counters + message.slice(25));
    const child = await fixture.child();
    await fixture.broker.enqueue('default', messages);
    await fixture.claim(child);
    await fixture.broker.settle(child, { ...EXIT, blamed: messages.map(idOf), maxCrashes: 99 });
    expect(await fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1)).toEqual(messages);
  });
});

describe('a gap in which no supervisor could renew', () => {
  it.each<[string, (session: string) => Promise<unknown>, unknown]>([
    ['opens a session', () => fixture.child(), expect.anything()],
    ['renews', (session) => fixture.broker.renew(session, LEASE_MS), true],
    ['looks for overdue sessions', () => fixture.broker.overdue(LEASE_MS), expect.objectContaining({ sessions: [] })],
    ['reaps', (session) => fixture.broker.reap(session, LEASE_MS), undefined],
  ])('is forgiven by the first supervisor that %s', async (_what, comeBack, answer) => {
    const [asking, silent] = [await fixture.child(), await fixture.child()];
    await expire(asking.session);
    await expire(silent.session, LEASE_MS);
    const before = await deadline(silent.session);
    expect(await comeBack(asking.session)).toEqual(answer);
    expect(await deadline(silent.session)).toBeGreaterThan(before);
  });

  it('is forgiven once', async () => {
    const { session } = await fixture.child();
    await expire(session, LEASE_MS);
    await fixture.broker.overdue(LEASE_MS);
    await fixture.redis.zadd(`${NAMESPACE}sessions`, 1, session);
    expect((await fixture.broker.overdue(LEASE_MS)).sessions).toEqual([session]);
  });
});

describe('a foreign entry among the claims of a child that is gone', () => {
  const ENTRIES: [string, string, string][] = [
    ['has no queue', 'some-field', 'bytes'],
    ['is empty', 'some-field', ''],
    ['is the name of a queue', 'some-field', 'default'],
    [
      'is of a queue that the worker does not serve',
      'k3v9x0q2m7ab00000007',
      'other k3v9x0q2m7ab00000007100000000000000["Some.task"]',
    ],
  ];

  async function withEntry(field: string, value: string): Promise<{ child: Claimant; messages: string[] }> {
    const held = await holder(2);
    await fixture.redis.hset(`${NAMESPACE}claims:${held.child.child}`, field, value);
    return held;
  }

  /** Checks that its neighbours are pending, and that it is among the dead, whole. */
  async function expectApart(messages: readonly string[], value: string): Promise<void> {
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual(messages);
    const records = await fixture.redis.hgetall(`${NAMESPACE}dead-records:default`);
    const [[id, record = ''] = ['']] = Object.entries(records);
    expect(record).toMatch(/^\{"code":"UNDECODABLE_MESSAGE"/);
    expect(record.split('\n').slice(1).join('\n')).toBe(`${id}?${value}`);
    expect(await fixture.redis.keys(`${NAMESPACE}claims:*`)).toEqual([]);
  }

  it.each(ENTRIES)('that %s is buried when the child is settled', async (_what, field, value) => {
    const { child, messages } = await withEntry(field, value);
    expect(await fixture.broker.settle(child, EXIT)).toMatchObject({ released: 2 });
    await expectApart(messages, value);
  });

  it.each(ENTRIES)('that %s is buried when the session is reaped', async (_what, field, value) => {
    const { child, messages } = await withEntry(field, value);
    await expire(child.session);
    expect(await fixture.broker.reap(child.session, LEASE_MS)).toBe(2);
    await expectApart(messages, value);
  });

  it.each(ENTRIES)('that %s is ended by no command of a child', async (_what, field, value) => {
    const { child } = await withEntry(field, value);
    const before = await fixture.state();
    expect(await fixture.broker.release(child, [field])).toBe(0);
    const task = { id: field, queue: 'default' };
    expect(await fixture.broker.retry(child, task, { inMs: 0, failures: 0, line: '', counts: true })).toBe(false);
    expect(await fixture.broker.bury(child, task, REPORT)).toBe(false);
    expect(await fixture.state()).toEqual(before);
    await fixture.redis.del(`${NAMESPACE}claims:${child.child}`);
  });

  it('does not keep tasks of a session without queues from their queues', async () => {
    const { child, messages } = await holder(2);
    await fixture.redis.hdel(`${NAMESPACE}session:${child.session}`, '@queues');
    await expire(child.session);
    expect(await fixture.broker.reap(child.session, LEASE_MS)).toBe(2);
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual(messages);
    expect(await fixture.redis.keys(`${NAMESPACE}claims:*`)).toEqual([]);
  });

  it('is buried with each other foreign entry', async () => {
    const { child } = await withEntry('some-field', 'bytes');
    await fixture.redis.hset(`${NAMESPACE}claims:${child.child}`, 'other-field', 'bytes');
    await fixture.broker.settle(child, EXIT);
    expect(await fixture.redis.hlen(`${NAMESPACE}dead-records:default`)).toBe(2);
  });

  it('without a queue prevents neither the ack of another task nor the release of its key', async () => {
    const child = await fixture.child();
    const message = fixture.uniqueMessage('key');
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    await fixture.claim(child);
    await fixture.redis.hset(`${NAMESPACE}claims:${child.child}`, 'some-field', 'bytes');
    expect(await fixture.broker.ack(child, ['some-field', idOf(message)])).toBe(2);
    expect(await fixture.redis.hlen(`${NAMESPACE}unique`)).toBe(0);
  });

  it('stays among the claims when the worker serves no queue', async () => {
    const { child } = await withEntry('some-field', 'bytes');
    const claims = `${NAMESPACE}claims:${child.child}`;
    const before = await fixture.redis.hgetall(claims);
    expect(await fixture.broker.settle({ ...child, queues: [] }, EXIT)).toMatchObject({ released: 0 });
    expect(await fixture.redis.hgetall(claims)).toEqual(before);
    await fixture.redis.del(claims);
  });

  it('with a key of a queue that the worker does not serve frees that key', async () => {
    const child = await fixture.child();
    const message = fixture.uniqueMessage('key');
    await fixture.broker.enqueueUnique('bulk', message, { due: undefined, replace: false });
    await fixture.claim({ ...child, queues: ['bulk'] });
    await fixture.broker.settle(child, EXIT);
    expect(await fixture.redis.hlen(`${NAMESPACE}unique`)).toBe(0);
  });
});

describe('input that no part of nestwork sends', () => {
  it('a release that names a task twice returns it once', async () => {
    const { child, messages } = await holder(1);
    const ids = messages.map(idOf);
    const released = await fixture.broker.release(child, [...ids, ...ids]);
    const queue = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    await fixture.redis.del(`${NAMESPACE}queue:default`);
    expect({ released, queue }).toEqual({ released: 1, queue: messages });
  });

  it('a claim of zero tasks takes no quarantined task', async () => {
    await quarantined('default');
    const child = await fixture.child();
    expect(await fixture.claim(child, 0)).toMatchObject({ tasks: [] });
  });

  it('a claim of too many tasks loses no task', async () => {
    const messages = fixture.messages(4_500);
    await fixture.broker.enqueue('default', messages);
    const child = await fixture.child();
    await fixture.claim(child, 4_500).catch(() => {});
    const { ids } = await fixture.broker.holdings(child);
    expect(ids.length + (await fixture.redis.llen(`${NAMESPACE}queue:default`))).toBe(4_500);
  });

  it('foreign bytes are unchanged when they are claimed again', async () => {
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, 'short');
    const child = await fixture.child();
    const { tasks } = await fixture.claim(child);
    await fixture.broker.release(
      child,
      tasks.map(({ id }) => id),
    );
    expect((await fixture.claim(child)).tasks).toEqual(tasks);
  });

  it('foreign bytes are unchanged after a crash', async () => {
    const bytes = 'Something that is not a message of ours, but long enough for one';
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, bytes);
    const child = await fixture.child();
    const { tasks } = await fixture.claim(child);
    await fixture.broker.settle(child, { ...EXIT, blamed: tasks.map(({ id }) => id) });
    expect(JSON.stringify(await fixture.state())).toContain(bytes);
  });

  it('two equal foreign entries stay two', async () => {
    await fixture.redis.rpush(`${NAMESPACE}queue:default`, 'twins of some length', 'twins of some length');
    const child = await fixture.child();
    await fixture.claim(child);
    const { ids } = await fixture.broker.holdings(child);
    expect(ids.length + (await fixture.redis.llen(`${NAMESPACE}queue:default`))).toBe(2);
  });

  it('a finished task that is also blamed counts no crash', async () => {
    const { child, messages } = await holder(2);
    const [done = '', guilty = ''] = messages.map(idOf);
    const settlement = await fixture.broker.settle(child, { ...EXIT, blamed: [done, guilty], done: [done] });
    expect(settlement).toMatchObject({ crashed: 1, quarantined: 0 });
  });
});
