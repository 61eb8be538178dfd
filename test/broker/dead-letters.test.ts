import type { DeadQuery, Death } from '../../src/broker/port/broker.js';
import { type AttemptRecord, encodeAttempt } from '../../src/message/attempt-record.js';
import { decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { encodePayload } from '../../src/payload/payload.js';
import { BrokerFixture, counted, idOf } from '../support/broker-fixture.js';
import { recordOf, seedDead, seedForeign } from '../support/dead-tasks.js';

const NAMESPACE = '{nestwork}:';
const DAY_MS = 86_400_000;
const FOREIGN = Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x41]);

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const dead = (): BrokerFixture['broker']['deadLetters'] => fixture.broker.deadLetters;

/** The death of a seeded task; by default they die at 1,000 ms, 1,001 ms and so on. */
function death(message: string, diedAt = 1_000): Death {
  return { id: idOf(message), diedAt };
}

function deaths(messages: readonly string[]): Death[] {
  return messages.map((message, index) => death(message, 1_000 + index));
}

/** The message as it is after a redrive at an unknown time: with that time and the time of the line left out. */
function timeless(message: string): string {
  return `${message.slice(0, 25)}_________${message.slice(34)}`.replace(/"at":\d{13},"code":"REDRIVEN"/g, 'REDRIVEN');
}

async function queued(queue = 'default'): Promise<string[]> {
  return fixture.redis.lrange(`${NAMESPACE}queue:${queue}`, 0, -1);
}

describe('redrive', () => {
  it('moves dead tasks to the tail of their queue, as new as if they had just been sent', async () => {
    const [waiting] = fixture.messages(1) as [string];
    await fixture.broker.enqueue('default', [waiting]);
    const history = [{ at: 5, attempt: 1, code: 'TASK_FAILED', error: 'Error: no' }];
    const message = counted(fixture.message(), { crashes: 2, suspicions: 1 });
    const [a, b] = (await seedDead(fixture, [{ message, history }, {}])) as [string, string];
    const before = await dead().now();
    expect(await dead().redrive('default', deaths([a, b]))).toEqual(['redriven', 'redriven']);
    const after = await dead().now();
    const [first, ...redriven] = await queued();
    expect(first).toBe(waiting);
    expect(redriven.map(timeless)).toEqual([
      timeless(`${counted(a, {})}\n{REDRIVEN}`),
      timeless(`${counted(b, {})}\n{REDRIVEN}`),
    ]);
    for (const one of redriven) {
      const { enqueuedAt, tried } = decodeMessage(one);
      expect(tried).toBe(true);
      expect(enqueuedAt).toBeGreaterThanOrEqual(before);
      expect(enqueuedAt).toBeLessThanOrEqual(after);
      expect(one).toContain(`{"at":${enqueuedAt},"code":"REDRIVEN"}`);
    }
    expect(await fixture.state()).toEqual({ 'bell:default': ['1'], 'queue:default': [waiting, ...redriven] });
  });

  it('resets the count of failures too', async () => {
    const message = fixture.message();
    const failed = `${message.slice(0, 21)}zz${message.slice(23)}`;
    await seedDead(fixture, [{ message: failed }]);
    await dead().redrive('default', [death(failed)]);
    expect((await queued()).map((one) => decodeMessage(one))).toMatchObject([{ failures: 0, crashes: 0 }]);
  });

  it('leaves the other dead where they are', async () => {
    const [a, b, c] = (await seedDead(fixture, [{}, {}, { queue: 'bulk' }])) as [string, string, string];
    await dead().redrive('default', [death(a)]);
    expect(await fixture.state()).toMatchObject({
      'dead:default': [idOf(b)],
      'dead-records:default': { [idOf(b)]: recordOf(b) },
      'dead:bulk': [idOf(c)],
      'dead-records:bulk': { [idOf(c)]: recordOf(c) },
    });
  });

  it('rings the bell of the queue', async () => {
    const [a] = (await seedDead(fixture, [{}])) as [string];
    await dead().redrive('default', [death(a)]);
    expect(await fixture.redis.llen(`${NAMESPACE}bell:default`)).toBe(1);
  });

  it('rings no bell when it moves nothing', async () => {
    const [absent] = fixture.messages(1) as [string];
    await dead().redrive('default', [death(absent)]);
    expect(await fixture.state()).toEqual({});
  });

  it('finds a task once when it is repeated or names a task twice', async () => {
    const [a] = (await seedDead(fixture, [{}])) as [string];
    expect(await dead().redrive('default', [death(a), death(a)])).toEqual(['redriven', 'not-found']);
    const before = await fixture.state();
    expect(await dead().redrive('default', [death(a)])).toEqual(['not-found']);
    expect(await fixture.state()).toEqual(before);
  });

  it('does not find a later death of the same task', async () => {
    const [a] = (await seedDead(fixture, [{ diedAt: 2_000 }])) as [string];
    const before = await fixture.state();
    expect(await dead().redrive('default', [death(a, 1_000)])).toEqual(['not-found']);
    expect(await fixture.state()).toEqual(before);
  });

  it.each<[string, (message: string) => string]>([
    ['of another version', (message) => `${message.slice(0, 20)}2${message.slice(21)}`],
    ['with an invalid header', (message) => `${message.slice(0, 25)}!${message.slice(26)}`],
    ['shorter than a header', (message) => message.slice(0, 30)],
    ['under the id of another', () => fixture.message()],
  ])('refuses a message %s, which stays as it is', async (_what, spoil) => {
    const [message, good] = (await seedDead(fixture, [{}, {}])) as [string, string];
    const spoilt = recordOf(spoil(message));
    await fixture.redis.hset(`${NAMESPACE}dead-records:default`, idOf(message), spoilt);
    expect(await dead().redrive('default', deaths([message, good]))).toEqual(['refused', 'redriven']);
    expect(await fixture.state()).toMatchObject({
      'dead:default': [idOf(message)],
      'dead-records:default': { [idOf(message)]: spoilt },
      'queue:default': [expect.stringContaining(idOf(good))],
    });
  });

  it('refuses foreign bytes, which stay whole', async () => {
    const id = await seedForeign(fixture, FOREIGN, 5);
    expect(await dead().redrive('default', [{ id, diedAt: 5 }])).toEqual(['refused']);
    expect((await dead().find('default', id))?.record.subarray(-FOREIGN.length)).toEqual(FOREIGN);
    expect(await queued()).toEqual([]);
  });

  it('refuses a task without a record, which can still be read and removed', async () => {
    const [a] = (await seedDead(fixture, [{}])) as [string];
    await fixture.redis.hdel(`${NAMESPACE}dead-records:default`, idOf(a));
    const { entries } = await dead().read('default', { range: {}, order: 'oldest', limit: 9 });
    expect(entries).toMatchObject([{ id: idOf(a), record: Buffer.alloc(0) }]);
    expect(await dead().redrive('default', [death(a)])).toEqual(['refused']);
    expect(await dead().remove('default', [death(a)])).toBe(1);
  });

  it('removes a task that was cancelled while it ran from the cancelled', async () => {
    const [a, b] = (await seedDead(fixture, [{}, {}])) as [string, string];
    await fixture.redis.zadd(`${NAMESPACE}cancelled`, await dead().now(), idOf(a), await dead().now(), idOf(b));
    await dead().redrive('default', [death(a)]);
    expect(await fixture.redis.zrange(`${NAMESPACE}cancelled`, '0', '-1')).toEqual([idOf(b)]);
    await fixture.redis.del(`${NAMESPACE}cancelled`);
  });

  it('moves 500 at once, in their order', async () => {
    const messages = await seedDead(fixture, Array(500).fill({}));
    await dead().redrive('default', deaths(messages));
    expect((await queued()).map(idOf)).toEqual(messages.map(idOf));
  });

  describe('of a unique task', () => {
    const key = encodeUnique('Some.task', 'user-7', 'finished');
    const unique = (): string =>
      encodeMessage({
        id: fixture.ids.next(),
        name: 'Some.task',
        payload: encodePayload([]),
        enqueuedAt: 1,
        tags: key,
      });
    const holders = (): Promise<Record<string, string>> => fixture.redis.hgetall(`${NAMESPACE}unique`);
    // the invariants know keys only of tasks that are somewhere
    afterEach(() => fixture.redis.del(`${NAMESPACE}unique`));

    it('takes its key again when that is free', async () => {
      await seedDead(fixture, [{ message: unique() }]);
      const [{ id = '' } = {}] = (await dead().read('default', { range: {}, order: 'oldest', limit: 1 })).entries;
      await dead().redrive('default', [{ id, diedAt: 1_000 }]);
      const [message] = await queued();
      expect(await holders()).toEqual({ [key.slice(1)]: `default ${message}` });
    });

    it('runs without its key when another has it', async () => {
      const [a] = (await seedDead(fixture, [{ message: unique() }])) as [string];
      const other = unique();
      await fixture.redis.hset(`${NAMESPACE}unique`, key.slice(1), `default ${other}`);
      expect(await dead().redrive('default', [death(a)])).toEqual(['redriven']);
      expect(await holders()).toEqual({ [key.slice(1)]: `default ${other}` });
    });
  });
});

describe('redriveEdited', () => {
  const EDIT = { body: '["Some.task",[8],{"retries":2}]', sent: '[7]' };

  it('moves a dead task with another body to the tail of its queue, as new as if it had just been sent', async () => {
    const [waiting] = fixture.messages(1) as [string];
    await fixture.broker.enqueue('default', [waiting]);
    const tags = encodeUnique('Some.task', 'user-7', 'finished');
    const fresh = encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[7]', enqueuedAt: 1, tags });
    const history = [{ at: 5, attempt: 1, code: 'TASK_FAILED', error: 'Error: [x]' }];
    const [message] = (await seedDead(fixture, [{ message: counted(fresh, { crashes: 2 }), history }])) as [string];
    await fixture.redis.zadd(`${NAMESPACE}cancelled`, await dead().now(), idOf(message));
    expect(await dead().redriveEdited('default', death(message), EDIT)).toBe('redriven');
    const [first, again = ''] = await queued();
    expect(first).toBe(waiting);
    const now = Number.parseInt(again.slice(25, 34), 36);
    expect(again.slice(0, 25)).toBe(fresh.slice(0, 25));
    expect(again.slice(34)).toBe(
      `${tags}${EDIT.body}${encodeAttempt(history[0] as AttemptRecord)}\n{"at":${now},"code":"REDRIVEN","sent":[7]}`,
    );
    expect(Math.abs(now - (await dead().now()))).toBeLessThan(60_000);
    expect(await fixture.state()).toEqual({
      'bell:default': ['1'],
      'queue:default': [waiting, again],
      unique: { [tags.slice(1)]: `default ${again}` },
    });
    await fixture.redis.del(`${NAMESPACE}unique`);
  });

  it('of a full history leaves out the oldest line', async () => {
    const history = Array.from({ length: 20 }, (_, index) => ({ at: index, code: 'TASK_FAILED' }));
    const [message] = (await seedDead(fixture, [{ history }])) as [string];
    await dead().redriveEdited('default', death(message), EDIT);
    const [, ...lines] = (await queued())[0]?.split('\n') ?? [];
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe(encodeAttempt(history[1] as AttemptRecord).trim());
    expect(lines[19]).toContain('"sent":[7]');
  });

  it('does not find a task twice, nor a later death of it, and leaves the other dead where they are', async () => {
    const [a, b] = (await seedDead(fixture, [{ diedAt: 2_000 }, { queue: 'bulk' }])) as [string, string];
    const before = await fixture.state();
    expect(await dead().redriveEdited('default', death(a, 1_000), EDIT)).toBe('not-found');
    expect(await fixture.state()).toEqual(before);
    expect(await dead().redriveEdited('default', death(a, 2_000), EDIT)).toBe('redriven');
    expect(await dead().redriveEdited('default', death(a, 2_000), EDIT)).toBe('not-found');
    expect(await queued()).toHaveLength(1);
    expect(await fixture.state()).toMatchObject({ 'dead:bulk': [idOf(b)] });
  });

  it('refuses foreign bytes, which stay whole', async () => {
    const id = await seedForeign(fixture, FOREIGN, 5);
    const before = await fixture.state();
    expect(await dead().redriveEdited('default', { id, diedAt: 5 }, EDIT)).toBe('refused');
    expect(await fixture.state()).toEqual(before);
  });

  it('is refused by a full Redis, and the task stays dead', async () => {
    const [a] = (await seedDead(fixture, [{}])) as [string];
    const before = await fixture.state();
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      const edited = dead().redriveEdited('default', death(a), EDIT);
      await expect(edited).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await fixture.state()).toEqual(before);
  });
});

describe('delete', () => {
  it('removes a dead task with its record, and no other', async () => {
    const [a, b] = (await seedDead(fixture, [{}, {}])) as [string, string];
    expect(await dead().remove('default', [death(a), death(a)])).toBe(1);
    expect(await fixture.state()).toEqual({
      'dead:default': [idOf(b)],
      'dead-records:default': { [idOf(b)]: recordOf(b) },
    });
  });

  it('does not find a later death of the same task', async () => {
    const [a] = (await seedDead(fixture, [{ diedAt: 2_000 }])) as [string];
    expect(await dead().remove('default', [death(a, 1_000)])).toBe(0);
    expect(await fixture.redis.zcard(`${NAMESPACE}dead:default`)).toBe(1);
  });
});

describe('purge', () => {
  async function aged(...days: number[]): Promise<string[]> {
    const now = await dead().now();
    return seedDead(
      fixture,
      days.map((count) => ({ diedAt: now - count * DAY_MS })),
    );
  }

  it.each<[string, { retentionMs?: number; most?: number }, number, number[]]>([
    ['nothing without a limit', {}, 500, [0, 1, 2, 3]],
    ['dead tasks older than the retention', { retentionMs: 2.5 * DAY_MS }, 500, [2, 3]],
    ['nothing when all are young', { retentionMs: 9 * DAY_MS }, 500, [0, 1, 2, 3]],
    ['the oldest beyond a number', { most: 1 }, 500, [3]],
    ['nothing below that number', { most: 9 }, 500, [0, 1, 2, 3]],
    ['by either limit', { retentionMs: 2.5 * DAY_MS, most: 1 }, 500, [3]],
    ['by either limit', { retentionMs: 1.5 * DAY_MS, most: 3 }, 500, [3]],
    ['the oldest first, and no more than a batch', { most: 1 }, 2, [2, 3]],
  ])('removes %s: %j', async (_what, limits, batch, left) => {
    const messages = await aged(4, 3, 2, 1);
    const kept = left.map((index) => messages[index] ?? '');
    expect(await dead().purge('default', limits, batch)).toBe(4 - left.length);
    expect(await fixture.state()).toEqual({
      'dead:default': kept.map(idOf),
      'dead-records:default': Object.fromEntries(kept.map((message) => [idOf(message), recordOf(message)])),
    });
  });

  it('removes nothing when no task is dead', async () => {
    expect(await dead().purge('default', { retentionMs: 1, most: 1 }, 500)).toBe(0);
  });
});

describe('a page', () => {
  const all: DeadQuery = { range: {}, order: 'oldest', limit: 100 };

  async function read(query: Partial<DeadQuery> = {}): Promise<{ ids: string[]; more: boolean }> {
    const { entries, more } = await dead().read('default', { ...all, ...query });
    return { ids: entries.map(({ id }) => id), more };
  }

  it('contains id, time and record, for any bytes', async () => {
    const [a] = (await seedDead(fixture, [{ diedAt: 1_763_725_000_123 }])) as [string];
    const id = await seedForeign(fixture, FOREIGN, 5);
    const { entries } = await dead().read('default', all);
    expect(entries).toEqual([
      { queue: 'default', id, diedAt: 5, record: expect.any(Buffer) },
      { queue: 'default', id: idOf(a), diedAt: 1_763_725_000_123, record: Buffer.from(recordOf(a)) },
    ]);
    expect(entries[0]?.record.subarray(-FOREIGN.length)).toEqual(FOREIGN);
  });

  it.each<[string, Partial<DeadQuery>, number[], boolean]>([
    ['all', {}, [0, 1, 2, 3], false],
    ['the newest first', { order: 'newest' }, [3, 2, 1, 0], false],
    ['as many as the limit', { limit: 3 }, [0, 1, 2], true],
    ['all when the limit is their number', { limit: 4 }, [0, 1, 2, 3], false],
    ['the newest of them', { order: 'newest', limit: 1 }, [3], true],
    ['those from a time on', { range: { since: 1_002 } }, [2, 3], false],
    ['those until a time', { range: { until: 1_001 } }, [0, 1], false],
    [
      'those of a range of time, newest first',
      { range: { since: 1_001, until: 1_002 }, order: 'newest' },
      [2, 1],
      false,
    ],
    ['nothing of a time without deaths', { range: { since: 2_000 } }, [], false],
    ['nothing of an earlier time, newest first', { range: { until: 2 }, order: 'newest' }, [], false],
  ])('contains %s', async (_what, query, expected, more) => {
    const ids = (await seedDead(fixture, Array(4).fill({}))).map(idOf);
    expect(await read(query)).toEqual({ ids: expected.map((index) => ids[index]), more });
  });

  it.each(['oldest', 'newest'] as const)(
    'continues behind a death, there or not, in the order of ids within one instant: %s first',
    async (order) => {
      const messages = await seedDead(fixture, [
        { diedAt: 900 },
        ...Array(9).fill({ diedAt: 1_000 }),
        { diedAt: 1_100 },
      ]);
      const ids = messages.map(idOf);
      const expected = order === 'oldest' ? ids : ids.toReversed();
      for (const [index, id] of expected.entries()) {
        const after = { id, diedAt: Number(await fixture.redis.zscore(`${NAMESPACE}dead:default`, id)) };
        const behind = { ids: expected.slice(index + 1), more: false };
        expect(await read({ order, after })).toEqual(behind);
        const record = await fixture.redis.hget(`${NAMESPACE}dead-records:default`, id);
        await dead().remove('default', [after]);
        expect(await read({ order, after })).toEqual(behind);
        await fixture.redis.zadd(`${NAMESPACE}dead:default`, after.diedAt, id);
        await fixture.redis.hset(`${NAMESPACE}dead-records:default`, id, record ?? '');
      }
    },
  );

  it.each([
    ['a0000000000000000000', '90000000000000000000'],
    ['00000000000000000a00', '00000000000000000900'],
  ])('orders ids as Redis does: %s behind %s', async (later, earlier) => {
    for (const id of [later, earlier]) {
      await fixture.redis.zadd(`${NAMESPACE}dead:default`, 1_000, id);
      await fixture.redis.hset(`${NAMESPACE}dead-records:default`, id, '');
    }
    expect((await read({ after: { id: earlier, diedAt: 1_000 } })).ids).toEqual([later]);
    expect((await read({ after: { id: later, diedAt: 1_000 }, order: 'newest' })).ids).toEqual([earlier]);
    // of one that has left, the place has to be found among the others
    await fixture.redis.zrem(`${NAMESPACE}dead:default`, earlier);
    expect((await read({ after: { id: earlier, diedAt: 1_000 } })).ids).toEqual([later]);
    await fixture.redis.zadd(`${NAMESPACE}dead:default`, 1_000, earlier);
    await fixture.redis.zrem(`${NAMESPACE}dead:default`, later);
    expect((await read({ after: { id: later, diedAt: 1_000 }, order: 'newest' })).ids).toEqual([earlier]);
    await fixture.redis.flushall();
  });

  it('ends when its records are large enough', async () => {
    const message = (): string => fixture.message('Some.task', 'x'.repeat(200_000));
    await seedDead(
      fixture,
      Array.from({ length: 8 }, () => ({ message: message() })),
    );
    const { ids, more } = await read();
    expect({ count: ids.length, more }).toEqual({ count: 5, more: true });
  });
});

describe('a script for dead tasks', () => {
  /** Each script with one dead task. */
  const scripts: [script: string, keys: string[], run: (deaths: Death[]) => Promise<unknown>][] = [
    [
      'redrive',
      ['dead:default', 'dead-records:default', 'queue:default', 'bell:default', 'unique', 'cancelled'],
      (deaths) => dead().redrive('default', deaths),
    ],
    ['delete', ['dead:default', 'dead-records:default'], (deaths) => dead().remove('default', deaths)],
    ['purge', ['dead:default', 'dead-records:default'], () => dead().purge('default', { retentionMs: 1_000 }, 10)],
  ];

  it.each(scripts.flatMap(([script, keys, run]) => keys.map((key) => [script, key, run] as const)))(
    'refuses a foreign key before it writes: %s, %s',
    async (_script, key, run) => {
      const messages = await seedDead(fixture, [{}, {}]);
      await fixture.redis.del(NAMESPACE + key);
      await fixture.redis.set(NAMESPACE + key, 'foreign');
      const before = await fixture.state();
      await expect(run(deaths(messages))).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
      expect(await fixture.state()).toEqual(before);
      await fixture.redis.flushall();
    },
  );

  it.each(scripts)('works when Redis is full: %s', async (_script, _keys, run) => {
    const messages = await seedDead(fixture, [{}]);
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await run(deaths(messages));
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await fixture.redis.zcard(`${NAMESPACE}dead:default`)).toBe(0);
  });

  it('reads when Redis is full', async () => {
    await seedDead(fixture, [{}]);
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      const { entries } = await dead().read('default', { range: {}, order: 'newest', limit: 9 });
      expect(entries).toHaveLength(1);
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
  });
});
