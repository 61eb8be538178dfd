import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture, counted, idOf, sessionState } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const FUTURE = Date.UTC(2100, 0, 1);
const PAST = Date.UTC(2000, 0, 1);

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

type Four = [string, string, string, string];

describe('schedule', () => {
  it('keeps messages until they are due, and rings the alarm', async () => {
    const [a, b] = fixture.messages(2) as Four;
    expect(await fixture.broker.enqueue('default', [a, b], { at: FUTURE })).toBe(2);
    expect(await fixture.state()).toEqual({ 'scheduled:default': [a, b], alarm: ['1'] });
    expect(await fixture.dueTimes()).toEqual([
      [a, FUTURE],
      [b, FUTURE],
    ]);
  });

  it('counts a delay from the arrival of the command', async () => {
    const [a] = fixture.messages(1) as Four;
    const before = await fixture.now();
    await fixture.broker.enqueue('default', [a], { in: 60_000 });
    const [[, due] = []] = await fixture.dueTimes();
    expect(due).toBeGreaterThanOrEqual(before + 60_000);
    expect(due).toBeLessThanOrEqual((await fixture.now()) + 60_000);
  });

  it('adds a message once, in any order of repetitions', async () => {
    const [a, b, c] = fixture.messages(3) as Four;
    await fixture.broker.enqueue('default', [b], { at: FUTURE });
    expect(await fixture.broker.enqueue('default', [a, b, c], { at: FUTURE + 1 })).toBe(2);
    expect(await fixture.broker.enqueue('default', [a, b, c], { at: FUTURE + 2 })).toBe(0);
    expect(await fixture.dueTimes()).toEqual([
      [b, FUTURE],
      [a, FUTURE + 1],
      [c, FUTURE + 1],
    ]);
  });

  it('recognises a message that was enqueued without a time, or has been promoted', async () => {
    const [now, later] = fixture.messages(2) as Four;
    await fixture.broker.enqueue('default', [now]);
    await fixture.broker.enqueue('default', [later], { at: PAST });
    await fixture.broker.promote(10);
    expect(await fixture.broker.enqueue('default', [now, later], { at: FUTURE })).toBe(0);
    expect(await fixture.state()).toEqual({ 'queue:default': [now, later], 'bell:default': ['1'], alarm: ['1'] });
  });

  it.each([
    ['the first', undefined, FUTURE, 1],
    ['an earlier one', FUTURE, FUTURE - 1, 1],
    ['one of the same time', FUTURE, FUTURE, 0],
    ['a later one', FUTURE, FUTURE + 1, 0],
  ])('rings the alarm only for a message that is due first: %s', async (_what, first, due, rings) => {
    const [a, b] = fixture.messages(2) as Four;
    if (first) await fixture.broker.enqueue('default', [a], { at: first });
    await fixture.redis.del(`${NAMESPACE}alarm`);
    await fixture.broker.enqueue('default', [b], { at: due });
    expect(await fixture.redis.llen(`${NAMESPACE}alarm`)).toBe(rings);
  });

  it('does not ring an alarm that rings already', async () => {
    for (const due of [FUTURE, FUTURE - 1]) {
      await fixture.broker.enqueue('default', fixture.messages(1), { at: due });
    }
    expect(await fixture.redis.llen(`${NAMESPACE}alarm`)).toBe(1);
  });

  it('rings nothing for a repetition', async () => {
    const messages = fixture.messages(1);
    await fixture.broker.enqueue('default', messages, { at: FUTURE });
    await fixture.redis.del(`${NAMESPACE}alarm`);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    expect(await fixture.state()).toEqual({ 'scheduled:default': messages });
  });

  it('lets the bits of seen ids expire', async () => {
    await fixture.broker.enqueue('default', fixture.messages(1), { at: FUTURE });
    const [seen = ''] = await fixture.redis.keys(`${NAMESPACE}seen:*`);
    expect(await fixture.redis.ttl(seen)).toBeGreaterThan(500);
  });

  it('keeps the order of thousands, over chunks and over blocks of the seen bitmap', async () => {
    const messages = fixture.messages(5_000);
    expect(await fixture.broker.enqueue('default', messages, { at: PAST })).toBe(5_000);
    expect(await fixture.broker.promote(1_000)).toEqual({ moved: 1_000, nextInMs: 0 });
    expect(await fixture.broker.promote(5_000)).toEqual({ moved: 4_000, nextInMs: undefined });
    expect(await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1)).toEqual(messages);
  });

  it('refuses when Redis is full, and writes nothing', async () => {
    const messages = fixture.messages(1);
    const refused = fixture.whenFull(() => fixture.broker.enqueue('default', messages, { in: 1 }));
    await expect(refused).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    expect(await fixture.state()).toEqual({});
    expect(await fixture.broker.enqueue('default', messages, { at: FUTURE })).toBe(1);
  });

  it('refuses a foreign key before it writes, until that key is gone', async () => {
    const messages = fixture.messages(1);
    await fixture.redis.set(`${NAMESPACE}scheduled:default`, 'foreign');
    const refused = fixture.broker.enqueue('default', messages, { at: FUTURE });
    await expect(refused).rejects.toThrow('WRONGTYPE');
    await fixture.redis.del(`${NAMESPACE}scheduled:default`);
    expect(await fixture.broker.enqueue('default', messages, { at: FUTURE })).toBe(1);
  });

  it('adds its messages without the right to ring', async () => {
    const messages = fixture.messages(1);
    await fixture.redis.call('ACL', 'SETUSER', 'mute', 'on', '>x', '~*', '+@all', '-rpush');
    const broker = new RedisBroker({
      redis: fixture.server.url.replace('://', '://mute:x@'),
      namespace: 'nestwork',
      queues: ['default'],
      commandTimeoutMs: 5_000,
    });
    expect(await broker.enqueue('default', messages, { at: FUTURE })).toBe(1);
    expect(await fixture.state()).toEqual({ 'scheduled:default': messages });
    await broker.close();
    await fixture.redis.call('ACL', 'DELUSER', 'mute');
  });
});

describe('promote', () => {
  it('moves due tasks to the tail of their queue, in the order of time, then of id', async () => {
    const [a, b, c, d] = fixture.messages(4) as Four;
    const [pending = '', future = ''] = fixture.messages(2);
    await fixture.broker.enqueue('default', [future], { at: FUTURE });
    await fixture.broker.enqueue('default', [d], { at: PAST });
    await fixture.broker.enqueue('default', [c, b], { at: PAST + 1 });
    await fixture.broker.enqueue('default', [a], { at: PAST + 2 });
    await fixture.broker.enqueue('default', [pending]);
    const { moved, nextInMs } = await fixture.broker.promote(10);
    expect(moved).toBe(4);
    expect((await fixture.now()) + (nextInMs ?? 0) - FUTURE).toBeLessThan(5_000);
    expect(await fixture.state()).toEqual({
      'queue:default': [pending, d, b, c, a],
      'scheduled:default': [future],
      'bell:default': ['1'],
      alarm: ['1'],
    });
  });

  it('rings the bells of the queues to which it moved tasks, and no others', async () => {
    const [due, future] = fixture.messages(2) as Four;
    await fixture.broker.enqueue('bulk', [due], { at: PAST });
    await fixture.broker.enqueue('default', [future], { at: FUTURE });
    await fixture.redis.del(`${NAMESPACE}alarm`);
    expect(await fixture.broker.promote(10)).toMatchObject({ moved: 1 });
    const state = { 'queue:bulk': [due], 'bell:bulk': ['1'], 'scheduled:default': [future] };
    expect(await fixture.state()).toEqual(state);
    expect(await fixture.broker.promote(10)).toMatchObject({ moved: 0 });
    expect(await fixture.state()).toEqual(state);
  });

  it('moves no more tasks than its limit over all queues, and returns that more are due', async () => {
    const messages = fixture.messages(5);
    await fixture.broker.enqueue('bulk', messages.slice(3), { at: PAST });
    await fixture.broker.enqueue('default', messages.slice(0, 3), { at: PAST + 1 });
    expect(await fixture.broker.promote(2)).toEqual({ moved: 2, nextInMs: 0 });
    expect(await fixture.state()).toMatchObject({
      'queue:default': messages.slice(0, 2),
      'scheduled:default': messages.slice(2, 3),
      'scheduled:bulk': messages.slice(3),
    });
    expect(await fixture.broker.promote(2)).toEqual({ moved: 2, nextInMs: 0 });
    expect(await fixture.broker.promote(2)).toEqual({ moved: 1, nextInMs: undefined });
    expect(await fixture.state()).toEqual({
      'queue:default': messages.slice(0, 3),
      'queue:bulk': messages.slice(3),
      'bell:default': ['1'],
      'bell:bulk': ['1'],
      alarm: ['1'],
    });
  });

  it.each([
    ['nothing is scheduled', {}, undefined],
    ['the first of one queue', { default: [50_000, 90_000] }, 50_000],
    ['the first of all queues', { default: [50_000], bulk: [40_000], critical: [60_000] }, 40_000],
    ['the first of the last queue', { critical: [60_000] }, 60_000],
  ])('returns the time until the next task is due: %s', async (_what, delays: Record<string, number[]>, next) => {
    for (const [queue, each] of Object.entries(delays)) {
      for (const delay of each) await fixture.broker.enqueue(queue, fixture.messages(1), { in: delay });
    }
    const { moved, nextInMs } = await fixture.broker.promote(10);
    expect(moved).toBe(0);
    if (next === undefined) expect(nextInMs).toBeUndefined();
    else expect(Math.abs(next - 1_000 - (nextInMs ?? 0))).toBeLessThanOrEqual(1_000);
  });

  it('moves quarantined tasks to the quarantined tasks', async () => {
    const [harmless, crashed, quarantined] = fixture.messages(3) as Four;
    const dangerous = [counted(crashed, { crashes: 1 }), counted(quarantined, { suspicions: 2 })];
    await fixture.broker.enqueue('default', [harmless, ...dangerous], { at: PAST });
    expect(await fixture.broker.promote(10)).toEqual({ moved: 3, nextInMs: undefined });
    expect(await fixture.state()).toEqual({
      'queue:default': [harmless],
      'suspects:default': dangerous,
      'bell:default': ['1'],
      alarm: ['1'],
    });
  });

  it('works when Redis is full', async () => {
    const messages = fixture.messages(1);
    await fixture.broker.enqueue('default', messages, { at: PAST });
    expect(await fixture.whenFull(() => fixture.broker.promote(10))).toEqual({ moved: 1, nextInMs: undefined });
    expect(await fixture.state()).toEqual({ 'queue:default': messages, 'bell:default': ['1'], alarm: ['1'] });
  });

  it.each(['scheduled:bulk', 'queue:bulk', 'suspects:bulk', 'bell:bulk'])(
    'leaves a queue with a foreign key unchanged, reports it, and serves the others: %s',
    async (key) => {
      const [bulk, critical, due] = fixture.messages(3) as Four;
      await fixture.broker.enqueue('critical', [critical], { at: PAST });
      if (key !== 'scheduled:bulk') await fixture.broker.enqueue('bulk', [bulk], { at: PAST });
      await fixture.broker.enqueue('default', [due], { at: PAST });
      await fixture.redis.hset(NAMESPACE + key, 'foreign', '1');
      const { 'scheduled:default': _default, 'scheduled:critical': _critical, ...before } = await fixture.state();
      const { refused, ...rest } = await fixture.broker.promote(10);
      // overdue tasks there must not keep a promoter awake
      expect(rest).toEqual({ moved: 2, nextInMs: undefined });
      expect(refused).toEqual([
        expect.objectContaining({
          code: 'REDIS_REFUSED',
          message: expect.stringContaining(`and wait: ${NAMESPACE}${key} is a hash.`),
        }),
      ]);
      expect(await fixture.state()).toEqual({
        ...before,
        'queue:default': [due],
        'bell:default': ['1'],
        'queue:critical': [critical],
        'bell:critical': ['1'],
      });
      await fixture.redis.del(NAMESPACE + key);
    },
  );

  it('works after SCRIPT FLUSH, as do the scripts before it', async () => {
    const messages = fixture.messages(1);
    await fixture.redis.script('FLUSH');
    await fixture.broker.enqueue('default', messages, { at: PAST });
    await fixture.redis.script('FLUSH');
    expect(await fixture.broker.promote(10)).toEqual({ moved: 1, nextInMs: undefined });
    await fixture.redis.script('FLUSH');
    const child = await fixture.child();
    await fixture.claim(child);
    await fixture.redis.script('FLUSH');
    const [id = ''] = messages.map(idOf);
    const retry = { inMs: 0, line: '\n{}', failures: 0, counts: true };
    expect(await fixture.broker.retry(child, { id, queue: 'default' }, retry)).toBe(true);
    await fixture.redis.script('FLUSH');
    const unique = fixture.uniqueMessage('k');
    await fixture.broker.enqueueUnique('default', unique, { due: undefined, replace: false });
    expect(await fixture.state()).toMatchObject({
      ...sessionState(child),
      'queue:default': [expect.stringContaining(id), unique],
    });
  });
});
