import type { Claimant, ClaimedTask } from '../../src/broker/port/broker.js';
import { BrokerFixture, childExit, counted, idOf, sessionState } from '../support/broker-fixture.js';

const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

describe('enqueue', () => {
  it('adds messages to the tail and rings once', async () => {
    const [a, b, c] = fixture.messages(3) as [string, string, string];
    expect(await fixture.broker.enqueue('default', [a, b])).toBe(2);
    expect(await fixture.broker.enqueue('default', [c])).toBe(1);
    expect(await fixture.state()).toEqual({ 'queue:default': [a, b, c], 'bell:default': ['1'] });
  });

  it('adds a message once, in any order of repetitions', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    await fixture.broker.enqueue('default', [b]);
    expect(await fixture.broker.enqueue('default', [a])).toBe(1);
    expect(await fixture.broker.enqueue('default', [a, b])).toBe(0);
    expect(await fixture.state()).toEqual({ 'queue:default': [b, a], 'bell:default': ['1'] });
  });

  it('recognises a message of a task that has run', async () => {
    const message = fixture.message();
    const child = await fixture.child();
    await fixture.broker.enqueue('default', [message]);
    await fixture.claim(child);
    await fixture.broker.ack(child, [idOf(message)]);
    expect(await fixture.broker.enqueue('default', [message])).toBe(0);
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(0);
  });

  it('keeps the order over chunks and over blocks of the seen bitmap', async () => {
    const messages = fixture.messages(9_000);
    expect(await fixture.broker.enqueue('default', messages)).toBe(9_000);
    expect(await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual(messages);
    const seen = await fixture.redis.keys('{nestwork}:seen:*');
    expect(seen.length).toBeGreaterThanOrEqual(3);
    for (const key of seen) expect(await fixture.redis.ttl(key)).toBeGreaterThan(500);
  });

  it('refuses when Redis is full, and writes nothing', async () => {
    const child = await fixture.child();
    const [waiting, refused] = fixture.messages(2) as [string, string];
    await fixture.broker.enqueue('default', [waiting]);
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(fixture.broker.enqueue('default', [refused])).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
      // present tasks are drained, and every lease is kept
      const { tasks } = await fixture.claim(child);
      expect(tasks.map(({ message }) => message)).toEqual([waiting]);
      expect(await fixture.broker.renew(child.session, 30_000)).toBe(true);
      expect(await fixture.broker.ack(child, [idOf(waiting)])).toBe(1);
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await fixture.broker.enqueue('default', [refused])).toBe(1);
  });
});

describe('claim', () => {
  it('takes tasks of the queues in the order of their priority, and rings for the rest', async () => {
    const [bulk, urgent1, urgent2] = fixture.messages(3) as [string, string, string];
    await fixture.broker.enqueue('bulk', [bulk]);
    await fixture.broker.enqueue('urgent', [urgent1, urgent2]);
    await fixture.redis.del('{nestwork}:bell:bulk', '{nestwork}:bell:urgent');
    const child = await fixture.child(['urgent', 'default', 'bulk']);
    const reply = await fixture.claim(child, 2);
    expect(reply).toEqual({
      repeated: false,
      acked: 0,
      drain: false,
      more: true,
      tasks: [
        { id: idOf(urgent1), queue: 'urgent', message: urgent1 },
        { id: idOf(urgent2), queue: 'urgent', message: urgent2 },
      ],
    });
    expect(await fixture.state()).toEqual({
      ...sessionState(child, 1),
      'queue:bulk': [bulk],
      'bell:bulk': ['1'],
      [`claims:${child.child}`]: { [idOf(urgent1)]: `urgent ${urgent1}`, [idOf(urgent2)]: `urgent ${urgent2}` },
    });
  });

  it('acks finished tasks', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    const child = await fixture.child();
    await fixture.broker.enqueue('default', [a, b]);
    await fixture.claim(child, 1);
    const reply = await fixture.claim(child, 1, [idOf(a)]);
    expect(reply).toMatchObject({ acked: 1, tasks: [{ id: idOf(b) }] });
    expect(await fixture.redis.hkeys(`{nestwork}:claims:${child.child}`)).toEqual([idOf(b)]);
  });

  it('returns the same tasks when its reply was lost, and no others', async () => {
    const messages = fixture.messages(5);
    const child = await fixture.child();
    await fixture.broker.enqueue('default', messages);
    const request = { number: 1, limit: 2, acks: [] };
    const first = await fixture.broker.claim(child, request);
    const again = await fixture.broker.claim(child, request);
    expect(first.more).toBe(true);
    expect(again).toEqual({ ...first, repeated: true, more: false });
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(3);
  });

  it('with `recover` returns the tasks of the unanswered claim under a new number, and no others', async () => {
    const child = await fixture.child();
    await fixture.broker.enqueue('default', fixture.messages(5));
    const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 2, acks: [] });
    const [done, held] = tasks as [ClaimedTask, ClaimedTask];
    const again = await fixture.broker.claim(child, { number: 2, limit: 2, acks: [done.id], recover: true });
    expect(again).toMatchObject({ repeated: true, tasks: [held] });
    expect(await fixture.broker.release(child, [held.id], 1)).toBe(0);
    expect(await fixture.broker.release(child, [held.id], 2)).toBe(1);
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(4);
  });

  it('is refused when a newer claim was answered', async () => {
    const child = await fixture.child();
    await fixture.broker.enqueue('default', fixture.messages(2));
    await fixture.broker.claim(child, { number: 2, limit: 1, acks: [] });
    await expect(fixture.broker.claim(child, { number: 1, limit: 1, acks: [] })).rejects.toThrow('STALE_CLAIM');
    expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(1);
  });

  it('returns a message with a zero byte unchanged, and all messages beside it', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    const odd = `${fixture.message().slice(0, 34)}{"\0":"default x"}`;
    await fixture.broker.enqueue('default', [a, odd, b]);
    const { tasks } = await fixture.claim(await fixture.child(), 3);
    expect(tasks.map(({ message }) => message)).toEqual([a, odd, b]);
  });

  it('keeps foreign bytes whole, under an id with which they can be buried', async () => {
    const garbage = Buffer.from([0xff, 0xfe, 0x00, 0x41]);
    await fixture.redis.rpush('{nestwork}:queue:default', garbage);
    const child = await fixture.child();
    const { tasks } = await fixture.claim(child);
    const [task] = tasks;
    expect(task?.id).toMatch(/^undecodable[0-9a-f]{9}$/);
    await fixture.broker.bury(child, task as { id: string; queue: string }, REPORT);
    const record = await fixture.redis.hgetBuffer('{nestwork}:dead-records:default', task?.id ?? '');
    expect(record?.subarray(-garbage.length)).toEqual(garbage);
  });

  it('takes a quarantined task alone, and only for a child that holds nothing', async () => {
    const [busy, quarantined, other] = fixture.messages(3) as [string, string, string];
    const [first, second] = [await fixture.child(), await fixture.child()];
    await fixture.broker.enqueue('default', [busy]);
    await fixture.claim(first);
    await fixture.broker.enqueue('default', [quarantined]);
    await fixture.claim(second);
    await fixture.broker.settle(
      second,
      childExit({ blamed: [idOf(quarantined)], maxCrashes: 3, report: JSON.stringify(REPORT) }),
    );
    await fixture.broker.enqueue('default', [other]);

    expect(await fixture.claim(first)).toMatchObject({ drain: true, tasks: [] });
    const reply = await fixture.claim(first, 10, [idOf(busy)]);
    expect(reply).toMatchObject({ drain: false, tasks: [{ message: counted(quarantined, { crashes: 1 }) }] });
    expect(await fixture.claim(await fixture.child())).toMatchObject({ tasks: [{ message: other }] });
  });
});

describe('a foreign key', () => {
  it.each(['queue:bulk', 'suspects:bulk', 'bell:bulk'])('at %s is found before a claim takes a task', async (key) => {
    const child = await fixture.child(['default', 'bulk']);
    const messages = fixture.messages(2);
    await fixture.broker.enqueue('default', messages);
    await fixture.redis.set(`{nestwork}:${key}`, 'foreign');
    await expect(fixture.claim(child)).rejects.toThrow('WRONGTYPE');
    await fixture.redis.del(`{nestwork}:${key}`);
    const { repeated, tasks } = await fixture.broker.claim(child, { number: 1, limit: 10, acks: [] });
    expect(repeated).toBe(false);
    expect(tasks.map(({ message }) => message)).toEqual(messages);
  });

  it.each(['queue:bulk', 'suspects:bulk', 'bell:bulk', 'dead:bulk', 'dead-records:bulk'])(
    'at %s is found before a task is released or buried',
    async (key) => {
      const child = await fixture.child(['default', 'bulk']);
      const [a, b] = fixture.messages(2) as [string, string];
      await fixture.broker.enqueue('default', [a]);
      await fixture.broker.enqueue('bulk', [b]);
      await fixture.claim(child);
      await fixture.redis.del('{nestwork}:bell:bulk');
      await fixture.redis.set(`{nestwork}:${key}`, 'foreign');
      const before = await fixture.state();
      const settled = fixture.broker.settle(
        child,
        childExit({ blamed: [idOf(a)], maxCrashes: 1, report: JSON.stringify(REPORT) }),
      );
      await expect(settled).rejects.toThrow('WRONGTYPE');
      if (key.startsWith('dead')) {
        const buried = fixture.broker.bury(child, { id: idOf(b), queue: 'bulk' }, REPORT);
        await expect(buried).rejects.toThrow('WRONGTYPE');
      } else {
        await expect(fixture.broker.release(child, [idOf(a), idOf(b)])).rejects.toThrow('WRONGTYPE');
      }
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.del(`{nestwork}:${key}`);
    },
  );
});

describe('ack', () => {
  it('ends only claims of the child', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    const [owner, other] = [await fixture.child(), await fixture.child()];
    await fixture.broker.enqueue('default', [a, b]);
    await fixture.claim(owner);
    expect(await fixture.broker.ack(other, [idOf(a)])).toBe(0);
    expect(await fixture.broker.ack(owner, [idOf(a), idOf(a)])).toBe(1);
    expect(await fixture.redis.hkeys(`{nestwork}:claims:${owner.child}`)).toEqual([idOf(b)]);
  });
});

describe('bury', () => {
  it('keeps the message with the report', async () => {
    const message = fixture.message();
    const child = await fixture.child();
    await fixture.broker.enqueue('default', [message]);
    await fixture.claim(child);
    expect(await fixture.broker.bury(child, { id: idOf(message), queue: 'default' }, REPORT)).toBe(true);
    expect(await fixture.broker.bury(child, { id: idOf(message), queue: 'default' }, REPORT)).toBe(false);
    expect(await fixture.state()).toEqual({
      ...sessionState(child, 1),
      'bell:default': ['1'],
      'dead:default': [idOf(message)],
      'dead-records:default': { [idOf(message)]: `${JSON.stringify(REPORT)}\n${message}` },
    });
  });
});

describe('release', () => {
  it('returns tasks to the head, oldest first, uncounted', async () => {
    const messages = fixture.messages(4);
    const child = await fixture.child();
    await fixture.broker.enqueue('default', messages);
    await fixture.claim(child, 3);
    const ids = messages.slice(0, 3).map(idOf);
    expect(await fixture.broker.release(child, [...ids].reverse())).toBe(3);
    expect(await fixture.state()).toEqual({
      ...sessionState(child, 1),
      'queue:default': messages,
      'bell:default': ['1'],
    });
  });

  it('for a child is refused once the child has claimed again', async () => {
    const message = fixture.message();
    const child = await fixture.child();
    await fixture.broker.enqueue('default', [message]);
    await fixture.claim(child);
    await fixture.claim(child);
    expect(await fixture.broker.release(child, [idOf(message)], 1)).toBe(0);
    expect(await fixture.broker.release(child, [idOf(message)], 2)).toBe(1);
  });
});

describe('settle', () => {
  async function dying(count: number): Promise<{ child: Claimant; messages: string[] }> {
    const child = await fixture.child();
    const messages = fixture.messages(count);
    await fixture.broker.enqueue('default', messages);
    await fixture.claim(child, count);
    return { child, messages };
  }

  it('counts a crash for the one task that ran, and releases the others', async () => {
    const { child, messages } = await dying(3);
    const [guilty, ...innocent] = messages as [string, ...string[]];
    const settlement = await fixture.broker.settle(
      child,
      childExit({ blamed: [idOf(guilty)], maxCrashes: 3, report: JSON.stringify(REPORT) }),
    );
    expect(settlement).toEqual({ released: 2, crashed: 1, quarantined: 0, dead: 0, timedOut: 0 });
    expect(await fixture.state()).toMatchObject({
      'queue:default': innocent,
      'suspects:default': [counted(guilty, { crashes: 1 })],
    });
    await expect(fixture.claim(child)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('quarantines all tasks that ran when there were several', async () => {
    const { child, messages } = await dying(3);
    const [a, b, unstarted] = messages as [string, string, string];
    const ids = [idOf(a), idOf(b)];
    expect(
      await fixture.broker.settle(child, childExit({ blamed: ids, report: JSON.stringify(REPORT) })),
    ).toMatchObject({
      quarantined: 2,
    });
    expect(await fixture.state()).toMatchObject({
      'queue:default': [unstarted],
      'suspects:default': [counted(a, { suspicions: 1 }), counted(b, { suspicions: 1 })],
    });
  });

  it('counts no crash for a task that was finished before', async () => {
    const { child, messages } = await dying(2);
    const [finished, running] = messages.map(idOf) as [string, string];
    await fixture.broker.ack(child, [finished]);
    const ids = [finished, running];
    expect(
      await fixture.broker.settle(child, childExit({ blamed: ids, report: JSON.stringify(REPORT) })),
    ).toMatchObject({
      crashed: 1,
    });
  });

  it('ends a finished task without an ack', async () => {
    const { child, messages } = await dying(3);
    const [done, running, unstarted] = messages as [string, string, string];
    const exit = childExit({
      blamed: [idOf(running)],
      done: [idOf(done)],
      maxCrashes: 3,
      report: JSON.stringify(REPORT),
    });
    expect(await fixture.broker.settle(child, exit)).toEqual({
      released: 1,
      crashed: 1,
      quarantined: 0,
      dead: 0,
      timedOut: 0,
    });
    expect(await fixture.state()).toMatchObject({
      'queue:default': [unstarted],
      'suspects:default': [counted(running, { crashes: 1 })],
    });
  });

  it('buries a task at its third crash', async () => {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    for (const expected of [{ crashed: 1 }, { crashed: 1 }, { crashed: 0, dead: 1 }]) {
      const child = await fixture.child();
      await fixture.claim(child);
      const blame = childExit({ blamed: [idOf(message)], maxCrashes: 3, report: JSON.stringify(REPORT) });
      expect(await fixture.broker.settle(child, blame)).toMatchObject(expected);
    }
    expect(await fixture.redis.zrange('{nestwork}:dead:default', '0', '-1')).toEqual([idOf(message)]);
    const record = await fixture.redis.hget('{nestwork}:dead-records:default', idOf(message));
    expect(record).toBe(`${JSON.stringify(REPORT)}\n${counted(message, { crashes: 3 })}`);
  });
});
