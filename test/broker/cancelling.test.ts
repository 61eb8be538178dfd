import type { Claimant } from '../../src/broker/port/broker.js';
import { BrokerFixture, childExit, counted, idOf } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const FUTURE = Date.UTC(2100, 0, 1);
const DAY_MS = 86_400_000;
const LINE = '\n{"at":7}';
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** The state of Redis without sessions, bells and the alarm. */
async function state(): Promise<Record<string, unknown>> {
  const all = Object.entries(await fixture.state());
  return Object.fromEntries(all.filter(([key]) => !/^(sessions?|bell|alarm)/.test(key)));
}

/** A child that holds a task with a key, and another one without, of which the first was cancelled. */
async function cancelledHolder(): Promise<{ child: Claimant; id: string; other: string }> {
  const message = fixture.uniqueMessage('k');
  const [other = ''] = fixture.messages(1);
  await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
  const child = await fixture.holderOf([other]);
  // the first task in the queue was claimed first
  await fixture.claim(child);
  const id = idOf(message);
  expect(await fixture.broker.cancel(id)).toMatchObject({ state: 'active' });
  await fixture.redis.del(`${NAMESPACE}broadcasts`);
  return { child, id, other };
}

describe('cancelling a task that waits', () => {
  it.each<[string, string, (message: string) => Promise<unknown>]>([
    ['queue:default', 'pending', (message) => fixture.broker.enqueue('default', [message])],
    ['scheduled:bulk', 'scheduled', (message) => fixture.broker.enqueue('bulk', [message], { at: FUTURE })],
    [
      'suspects:critical',
      'pending',
      async (message) => {
        await fixture.broker.enqueue('critical', [message], { at: 1 });
        await fixture.broker.promote(1);
      },
    ],
  ])('in %s removes it, and leaves its neighbours in their order', async (key, where, put) => {
    const neighbours = fixture.messages(3).map((message) => counted(message, { crashes: 1 }));
    const cancelled = counted(fixture.message(), { crashes: 1 });
    for (const message of neighbours.toSpliced(1, 0, cancelled)) await put(message);
    expect(await fixture.broker.cancel(idOf(cancelled))).toMatchObject({ state: where, queue: key.split(':')[1] });
    expect(await state()).toEqual({ [key]: neighbours, cancelled: [idOf(cancelled)] });
    // once more changes nothing
    expect(await fixture.broker.cancel(idOf(cancelled))).toMatchObject({ state: 'cancelled' });
    expect(await state()).toEqual({ [key]: neighbours, cancelled: [idOf(cancelled)] });
  });

  describe('far from the tail of a long queue', () => {
    const DEEP = 60_000;
    let messages: string[];
    beforeEach(async () => {
      messages = fixture.messages(DEEP);
      for (let at = 0; at < DEEP; at += 5_000)
        await fixture.redis.rpush(`${NAMESPACE}queue:default`, ...messages.slice(at, at + 5_000));
    });
    // they were never sent
    afterEach(() => fixture.redis.del(`${NAMESPACE}queue:default`));
    const waiting = (): Promise<string[]> => fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    const cancel = (message: string, passed: number): Promise<unknown> =>
      fixture.call('cancel-waiting', { queue: 'default', place: 'pending', message, passed, answering: [] });

    it('gives its place to the newest task, and moves no other', async () => {
      await fixture.broker.cancel(idOf(messages[100] ?? ''));
      expect(await waiting()).toEqual([...messages.slice(0, 100), messages.at(-1), ...messages.slice(101, -1)]);
    });

    it.each([
      ['came', -1_900],
      ['left', 900],
    ])('finds it when others %s behind it in the meantime', async (_what, off) => {
      expect(await cancel(messages[700] ?? '', DEEP - 701 + off)).toBe(1);
      expect(await waiting()).toEqual([...messages.slice(0, 700), messages.at(-1), ...messages.slice(701, -1)]);
    });

    it('cancels nothing when a worker has claimed it', async () => {
      await fixture.redis.ltrim(`${NAMESPACE}queue:default`, 200, -1);
      expect(await cancel(messages[100] ?? '', DEEP - 101)).toBe(0);
      expect(await waiting()).toEqual(messages.slice(200));
    });

    it('frees its key', async () => {
      const message = fixture.uniqueMessage('k');
      await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
      await fixture.redis.lrem(`${NAMESPACE}queue:default`, -1, message);
      await fixture.redis.lpush(`${NAMESPACE}queue:default`, message);
      await fixture.broker.cancel(idOf(message));
      expect(await fixture.redis.exists(`${NAMESPACE}unique`)).toBe(0);
    });
  });

  it('frees its key', async () => {
    const message = fixture.uniqueMessage('k');
    await fixture.broker.enqueueUnique('default', message, { due: { at: FUTURE }, replace: false });
    await fixture.broker.cancel(idOf(message));
    expect(await state()).toEqual({ cancelled: [idOf(message)] });
  });

  it.each(['queue:', 'suspects:', 'scheduled:'])('finds one in %s whose bytes are no text', async (place) => {
    const id = idOf(fixture.message());
    const bytes = Buffer.concat([Buffer.from(`${id}10000000000000[`), Buffer.from([0xff, 0xfe, 0x80])]);
    const key = `${NAMESPACE}${place}default`;
    await (place === 'scheduled:' ? fixture.redis.zadd(key, FUTURE, bytes) : fixture.redis.rpush(key, bytes));
    await fixture.broker.cancel(id);
    expect(await state()).toEqual({ cancelled: [id] });
  });

  it('cancels nothing when the task has moved on', async () => {
    const waiting = { queue: 'default', message: fixture.message(), passed: 0, answering: [] };
    for (const place of ['pending', 'quarantined', 'scheduled'])
      expect(await fixture.call('cancel-waiting', { ...waiting, place })).toBe(0);
    expect(await state()).toEqual({});
  });
});

describe('cancelling an active task', () => {
  it('as if it still waited leaves its key alone', async () => {
    const message = fixture.uniqueMessage('k');
    const child = await fixture.child();
    await fixture.broker.enqueueUnique('default', message, { due: undefined, replace: false });
    await fixture.claim(child);
    const before = await state();
    expect(
      await fixture.call('cancel-waiting', { queue: 'default', place: 'pending', message, passed: 0, answering: [] }),
    ).toBe(0);
    expect(await state()).toEqual(before);
  });

  it('marks it, and notifies every supervisor', async () => {
    const message = fixture.message();
    const child = await fixture.holderOf([message]);
    await fixture.broker.cancel(idOf(message));
    const { broadcasts, ...rest } = await state();
    expect(broadcasts).toEqual([[expect.any(String), ['kind', 'cancel', 'id', idOf(message)]]]);
    expect(rest).toEqual({
      [`claims:${child.child}`]: { [idOf(message)]: `default ${message}` },
      cancelled: [idOf(message)],
    });
  });

  it('cancels nothing when the task has ended', async () => {
    const child = await fixture.child();
    const id = idOf(fixture.message());
    expect(await fixture.call('cancel-active', { child: child.child, id, kept: 10, answering: [] })).toBe(0);
    expect(await state()).toEqual({});
  });

  it.each<[string, (child: Claimant, id: string) => Promise<unknown>]>([
    ['an attempt that failed', (child, id) => tryAgain(child, id, 0)],
    ['an attempt that failed, to be tried later', (child, id) => tryAgain(child, id, 60_000)],
    ['a release', (child, id) => fixture.broker.release(child, [id])],
    ['a burial', (child, id) => fixture.broker.bury(child, { id, queue: 'default' }, REPORT, LINE)],
  ])('prevents its return by %s', async (_how, end) => {
    const { child, id, other } = await cancelledHolder();
    await end(child, id);
    expect(await state()).toEqual({
      [`claims:${child.child}`]: { [idOf(other)]: `default ${other}` },
      cancelled: [id],
    });
  });

  it.each<[string, (child: Claimant, id: string) => Promise<unknown>]>([
    ['the death of its child', (child) => fixture.broker.settle(child, childExit({}))],
    ['a crash', (child, id) => fixture.broker.settle(child, childExit({ blamed: [id], line: LINE }))],
    ['its hard timeout', (child, id) => timeOut(child, id, 60_000)],
    ['its hard timeout, among the dead', (child, id) => timeOut(child, id, -1)],
    ['the end of its session', (child) => reap(child)],
  ])('prevents its return by %s, and its neighbours return', async (_how, end) => {
    const { child, id, other } = await cancelledHolder();
    await end(child, id);
    expect(await state()).toEqual({ 'queue:default': [other], cancelled: [id] });
  });

  it('counts it among the released tasks', async () => {
    const { child, id, other } = await cancelledHolder();
    expect(await fixture.broker.release(child, [id, idOf(other)])).toBe(2);
    expect(await state()).toEqual({ 'queue:default': [other], cancelled: [id] });
  });
});

describe('the list of the cancelled', () => {
  it('keeps a task for a day', async () => {
    const now = await fixture.now();
    await fixture.redis.zadd(`${NAMESPACE}cancelled`, now - DAY_MS - 1, 'long ago', now - DAY_MS + 60_000, 'today');
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.cancel(idOf(message));
    expect(await state()).toEqual({ cancelled: ['today', idOf(message)] });
  });

  it('keeps the latest ten thousand', async () => {
    const now = await fixture.now();
    const former = Array.from({ length: 10_000 }, (_, index): [number, string] => [now - 20_000 + index, `${index}`]);
    await fixture.redis.zadd(`${NAMESPACE}cancelled`, ...former.flat());
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    await fixture.broker.cancel(idOf(message));
    const remembered = await fixture.redis.zrange(`${NAMESPACE}cancelled`, '0', '-1');
    expect(remembered).toHaveLength(10_000);
    expect([remembered[0], remembered.at(-1)]).toEqual(['1', idOf(message)]);
  });
});

describe('when Redis is full', () => {
  it('tasks can still be cancelled', async () => {
    const [waits = '', runs = ''] = fixture.messages(2);
    await fixture.holderOf([runs]);
    await fixture.broker.enqueue('default', [waits]);
    const states = await fixture.whenFull(async () => [
      (await fixture.broker.cancel(idOf(waits))).state,
      (await fixture.broker.cancel(idOf(runs))).state,
    ]);
    expect(states).toEqual(['pending', 'active']);
  });
});

describe('a foreign key', () => {
  it.each(['cancelled', 'broadcasts'])(
    'prevents the mark on an active task before the script writes: %s',
    async (key) => {
      const message = fixture.message();
      const child = await fixture.holderOf([message]);
      await fixture.redis.set(NAMESPACE + key, 'foreign');
      const before = await state();
      const mark = fixture.call('cancel-active', { child: child.child, id: idOf(message), kept: 10, answering: [] });
      await expect(mark).rejects.toThrow('WRONGTYPE');
      expect(await state()).toEqual(before);
      await fixture.redis.del(NAMESPACE + key);
    },
  );
});

function tryAgain(child: Claimant, id: string, inMs: number): Promise<boolean> {
  return fixture.broker.retry(child, { id, queue: 'default' }, { inMs, line: LINE, failures: 0, counts: true });
}

function timeOut(child: Claimant, id: string, retryInMs: number): Promise<unknown> {
  return fixture.broker.settle(child, childExit({ timedOut: [{ id, retryInMs, line: LINE, report: '{}' }] }));
}

async function reap({ session }: Claimant): Promise<unknown> {
  await fixture.redis.zadd(`${NAMESPACE}sessions`, (await fixture.now()) - 1, session);
  await fixture.redis.set(`${NAMESPACE}pulse`, await fixture.now());
  return fixture.broker.reap(session, 30_000);
}
