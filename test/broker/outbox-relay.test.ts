import type { OutboxCall } from '../../src/broker/port/relay-port.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { callTags } from '../../src/message/call-tags.js';
import { encodeMessage, enqueuedAtOf } from '../../src/message/task-message.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { messageInLine } from '../support/limit-invariants.js';
import { declareLimit, limitedMessage, limitedMessages, limitKey } from '../support/limited-tasks.js';

const OUTBOX = 'table1';
const MARKS = '{nestwork}:relayed:table1';
const FUTURE = Date.UTC(2100, 0, 1);
const LIMIT = limitKey('stripe', 'acme');

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

type Given = OutboxCall | string;

/** Relays rows, of the queue `default` unless they say otherwise. Resolves to the code of each error. */
async function relay(rows: readonly Given[], startedMs?: number, outbox = OUTBOX): Promise<(string | undefined)[]> {
  const calls = rows.map((row) => (typeof row === 'string' ? { queue: 'default', message: row } : row));
  const errors = await fixture.broker.outbox.relay(outbox, calls, startedMs ?? (await fixture.now()));
  return errors.map((error) => error && ((error as { code?: string }).code ?? error.message));
}

function pending(queue = 'default'): Promise<string[]> {
  return fixture.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1);
}

/** Runs something as if ten minutes had passed: nothing is recognised by its bit. */
async function unseen<T>(run: () => Promise<T>): Promise<T> {
  const keys = await fixture.redis.keys('{nestwork}:seen:*');
  for (const key of keys) await fixture.redis.rename(key, key.replace(':seen:', ':kept:'));
  const result = await run();
  for (const key of keys) await fixture.redis.rename(key.replace(':seen:', ':kept:'), key);
  return result;
}

function markedIds(): Promise<string[]> {
  return fixture.redis.zrange(MARKS, '0', '-1');
}

describe('relay', () => {
  it('adds the tasks of rows in their order, marks them and rings', async () => {
    const [a, b, c] = fixture.messages(3) as [string, string, string];
    expect(await relay([a, b])).toEqual([undefined, undefined]);
    expect(await relay([c])).toEqual([undefined]);
    expect(await pending()).toEqual([a, b, c]);
    expect((await markedIds()).sort()).toEqual([a, b, c].map(idOf));
    expect(await fixture.redis.lrange('{nestwork}:bell:default', 0, -1)).toEqual(['1']);
  });

  it('adds a marked row no more, however late it is read again', async () => {
    const [a = ''] = fixture.messages(1);
    await relay([a]);
    expect(await unseen(() => relay([a]))).toEqual([undefined]);
    expect(await pending()).toEqual([a]);
  });

  it('adds a marked row no more after its task has run', async () => {
    const [a = ''] = fixture.messages(1);
    await relay([a]);
    const child = await fixture.child();
    await fixture.claim(child);
    await fixture.broker.ack(child, [idOf(a)]);
    expect(await unseen(() => relay([a]))).toEqual([undefined]);
    expect(await pending()).toEqual([]);
  });

  it('adds nothing for a copy of the command after the marks were forgotten', async () => {
    const [a = ''] = fixture.messages(1);
    await relay([a]);
    await fixture.broker.outbox.forget(OUTBOX, [idOf(a)]);
    expect(await markedIds()).toEqual([]);
    expect(await relay([a])).toEqual([undefined]);
    expect(await pending()).toEqual([a]);
  });

  it('adds nothing for a command that comes 5 minutes after the rows were read', async () => {
    const [a = ''] = fixture.messages(1);
    expect(await relay([a], (await fixture.now()) - 300_500)).toEqual(['REDIS_UNAVAILABLE']);
    expect(await fixture.state()).toEqual({});
    expect(await relay([a], (await fixture.now()) - 290_000)).toEqual([undefined]);
  });

  it('marks rows of two tables apart', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    await relay([a]);
    await relay([b], undefined, 'table2');
    expect(await markedIds()).toEqual([idOf(a)]);
    expect(await fixture.redis.zrange('{nestwork}:relayed:table2', '0', '-1')).toEqual([idOf(b)]);
  });

  it('adds an id once that two rows have', async () => {
    const [a = ''] = fixture.messages(1);
    expect(await relay([a, a])).toEqual([undefined, undefined]);
    expect(await pending()).toEqual([a]);
  });

  it('takes ids of several producers and blocks, and more rows than one script takes', async () => {
    const messages = [...fixture.messages(9_000), ...otherProducer(3)];
    const errors = await relay(messages);
    expect(errors.every((error) => error === undefined)).toBe(true);
    expect(await pending()).toEqual(messages);
    for (const key of await fixture.redis.keys('{nestwork}:seen:*'))
      expect(await fixture.redis.ttl(key)).toBeGreaterThan(500);
  });

  it('puts tasks for later on the schedule, and those whose time has come into their queue', async () => {
    const [later, due] = fixture.messages(2) as [string, string];
    await relay([
      { queue: 'default', message: later, dueAt: FUTURE },
      { queue: 'default', message: due, dueAt: 1_000 },
    ]);
    expect(await fixture.dueTimes()).toEqual([[later, FUTURE]]);
    expect(await pending()).toEqual([due]);
    expect(await fixture.redis.llen('{nestwork}:alarm')).toBe(1);
  });

  it('appends broadcasts to the stream, once', async () => {
    const [call = ''] = fixture.messages(1);
    await relay([{ queue: '(broadcast)', message: call }]);
    await unseen(() => relay([{ queue: '(broadcast)', message: call }]));
    const entries = await fixture.redis.xrange('{nestwork}:broadcasts', '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual([['kind', 'call', 'message', call]]);
  });

  it('does not add a task whose key is taken, now or when its row is read again', async () => {
    const [first, second] = [fixture.uniqueMessage('k'), fixture.uniqueMessage('k')];
    await fixture.broker.enqueueUnique('default', first, { due: undefined, replace: false });
    const row: OutboxCall = { queue: 'bulk', message: second, onConflict: 'keep' };
    expect(await relay([row])).toEqual([undefined]);
    await fixture.broker.cancel(idOf(first));
    expect(await unseen(() => relay([row]))).toEqual([undefined]);
    expect(await pending('bulk')).toEqual([]);
  });

  it('replaces a task with the key in whatever queue it waits', async () => {
    const [first, second, third] = ['a', 'b', 'c'].map((it) => fixture.uniqueMessage('k', 'finished', it)) as [
      string,
      string,
      string,
    ];
    await fixture.broker.enqueueUnique('critical', first, { due: { at: FUTURE }, replace: false });
    await relay([
      { queue: 'bulk', message: second, onConflict: 'replace' },
      { queue: 'bulk', message: third, onConflict: 'replace', dueAt: FUTURE },
    ]);
    expect(await pending('bulk')).toEqual([]);
    expect(await fixture.dueTimes('critical')).toEqual([]);
    expect(await fixture.dueTimes('bulk')).toEqual([[third, FUTURE]]);
  });

  it('keeps the order of tasks with keys and others', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    const unique = fixture.uniqueMessage('k');
    await relay([a, { queue: 'default', message: unique, onConflict: 'keep' }, b]);
    expect(await pending()).toEqual([a, unique, b]);
  });

  it('lets tasks with limits wait in their line, in the order of the rows, with their keys in clear', async () => {
    await declareLimit(fixture, 'stripe', { most: 1 });
    const limited = limitedMessages(fixture, 3, { limits: [LIMIT], enqueuedAt: Date.now() + 60_000 });
    const labels = [LIMIT, 'acme'];
    await relay(limited.map((message) => ({ queue: 'default', message, labels })));
    expect(await fixture.redis.hgetall('{nestwork}:limit-labels')).toEqual({ [LIMIT]: 'acme' });
    // the first task of a line lies in the list
    const held = await fixture.redis.zrange('{nestwork}:held:default', '0', '-1');
    const waiting = [...(await pending()), ...held.map(messageInLine)];
    expect(waiting.map(idOf)).toEqual(limited.map(idOf));
    // a clock that is ahead does not put them last
    const now = await fixture.now();
    for (const message of waiting) expect(enqueuedAtOf(message)).toBeLessThanOrEqual(now);
    const child = await fixture.child();
    const { tasks } = await fixture.broker.claim(child, { number: 1, limit: 5, limited: 5, acks: [] });
    expect(tasks.map(({ id }) => id)).toEqual([idOf(limited[0] ?? '')]);
  });
});

describe('a relay that Redis refuses', () => {
  it('adds and marks nothing when Redis is full', async () => {
    const [a = ''] = fixture.messages(1);
    expect(await fixture.whenFull(() => relay([a]))).toEqual(['REDIS_OUT_OF_MEMORY']);
    expect(await fixture.state()).toEqual({});
    expect(await relay([a])).toEqual([undefined]);
  });

  it('keeps the rows of a queue with a foreign key, and adds those of others', async () => {
    await fixture.redis.set('{nestwork}:queue:bulk', 'foreign');
    const [a, b, c] = fixture.messages(3) as [string, string, string];
    const rows = [a, { queue: 'bulk', message: b }, c];
    expect(await relay(rows)).toEqual([undefined, 'REDIS_REFUSED', undefined]);
    expect(await pending()).toEqual([a, c]);
    expect((await markedIds()).sort()).toEqual([idOf(a), idOf(c)]);
    await fixture.redis.del('{nestwork}:queue:bulk');
    expect(await relay(rows)).toEqual([undefined, undefined, undefined]);
    expect(await pending('bulk')).toEqual([b]);
  });

  it.each(['relayed:table1', 'seen:SEEN', 'scheduled:default', 'suspects:default'])(
    'adds and marks nothing where %s is foreign',
    async (key) => {
      const [a = ''] = fixture.messages(1);
      const name = `{nestwork}:${key.replace('SEEN', blockOf(a))}`;
      await fixture.redis.xadd(name, '*', 'a', 'b');
      expect(await relay([a])).toEqual(['REDIS_REFUSED']);
      expect(await fixture.redis.keys('*')).toEqual(expect.not.arrayContaining(['{nestwork}:queue:default']));
      await fixture.redis.del(name);
    },
  );

  it.each(['unique', 'removed'])('keeps rows with keys where %s is foreign, and adds others', async (key) => {
    await fixture.redis.xadd(`{nestwork}:${key}`, '*', 'a', 'b');
    const [a = ''] = fixture.messages(1);
    expect(await relay([{ queue: 'default', message: fixture.uniqueMessage('k'), onConflict: 'keep' }])).toEqual([
      'REDIS_REFUSED',
    ]);
    expect(await relay([a])).toEqual([undefined]);
    await fixture.redis.del(`{nestwork}:${key}`);
  });

  it('replaces no task that keeps its result where the key of the removed is foreign', async () => {
    const former = resultOf(fixture.uniqueMessage('k'));
    await fixture.broker.enqueueUnique('default', former, { due: undefined, replace: false });
    await fixture.redis.set('{nestwork}:removed', 'foreign');
    const row: OutboxCall = { queue: 'default', message: fixture.uniqueMessage('k'), onConflict: 'replace' };
    expect(await relay([row])).toEqual(['REDIS_REFUSED']);
    expect(await pending()).toEqual([former]);
    await fixture.redis.del('{nestwork}:removed');
    expect(await relay([row])).toEqual([undefined]);
    expect(await pending()).toEqual([row.message]);
  });

  it('adds neither to a line nor to a queue that is foreign', async () => {
    await fixture.redis.set('{nestwork}:queue:default', 'foreign');
    const rows = [limitedMessage(fixture, { limits: [LIMIT] }), ...fixture.messages(1)];
    expect(await relay(rows)).toEqual(['REDIS_REFUSED', 'REDIS_REFUSED']);
    expect(await fixture.redis.exists('{nestwork}:held:default')).toBe(0);
    await fixture.redis.del('{nestwork}:queue:default');
  });

  it.each(['slots', 'waiters'])('keeps rows with limits where %s is foreign', async (key) => {
    await declareLimit(fixture, 'stripe', { most: 0 });
    await fixture.redis.set(`{nestwork}:${key}`, 'foreign');
    expect(await relay([limitedMessage(fixture, { limits: [LIMIT] })])).toEqual(['REDIS_REFUSED']);
    expect(await markedIds()).toEqual([]);
    expect(await fixture.redis.exists('{nestwork}:held:default')).toBe(0);
    await fixture.redis.del(`{nestwork}:${key}`);
  });

  it('adds broadcasts to no foreign key', async () => {
    await fixture.redis.set('{nestwork}:broadcasts', 'foreign');
    const [a = ''] = fixture.messages(1);
    expect(await relay([{ queue: '(broadcast)', message: a }])).toEqual(['REDIS_REFUSED']);
    await fixture.redis.del('{nestwork}:broadcasts');
  });
});

describe('a relay without a right', () => {
  let narrow: RedisBroker;
  beforeAll(async () => {
    await fixture.redis.call('ACL', 'SETUSER', 'narrow', 'on', '>narrow', '~*', '+@all');
    const redis = fixture.server.url.replace('://', '://narrow:narrow@');
    narrow = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 });
    await narrow.connect();
  });
  afterAll(() => narrow.close());

  it.each(['rpush', 'zadd', 'setbit', 'zrem'])(
    'to call %s marks and adds nothing, and adds once it has it',
    async (right) => {
      const [a = ''] = fixture.messages(1);
      const send = async () => narrow.outbox.relay(OUTBOX, [{ queue: 'default', message: a }], await fixture.now());
      await fixture.redis.call('ACL', 'SETUSER', 'narrow', `-${right}`);
      expect(await send()).toEqual([expect.objectContaining({ code: 'REDIS_FORBIDDEN' })]);
      expect(await fixture.state()).toEqual({});
      await fixture.redis.call('ACL', 'SETUSER', 'narrow', `+${right}`);
      expect(await send()).toEqual([undefined]);
      expect(await pending()).toEqual([a]);
    },
  );

  it('keeps the rows behind the one that was refused, and marks those before it', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    const rows: OutboxCall[] = [
      { queue: 'default', message: a, dueAt: FUTURE },
      { queue: 'default', message: b },
    ];
    await fixture.redis.call('ACL', 'SETUSER', 'narrow', '-rpush');
    const errors = await narrow.outbox.relay(OUTBOX, rows, await fixture.now());
    expect(errors).toEqual([undefined, expect.objectContaining({ code: 'REDIS_REFUSED' })]);
    expect(await markedIds()).toEqual([idOf(a)]);
    await fixture.redis.call('ACL', 'SETUSER', 'narrow', '+rpush');
    expect(await narrow.outbox.relay(OUTBOX, rows, await fixture.now())).toEqual([undefined, undefined]);
    expect(await pending()).toEqual([b]);
    expect(await fixture.dueTimes()).toEqual([[a, FUTURE]]);
  });
});

describe('marks', () => {
  it('are listed by age, the oldest first', async () => {
    const [a, b, c] = fixture.messages(3) as [string, string, string];
    await fixture.redis.zadd(MARKS, 3_000, idOf(c), 1_000, idOf(a), 2_000, idOf(b));
    expect(await fixture.broker.outbox.marked(OUTBOX, 3_000, 10)).toEqual([idOf(a), idOf(b)]);
    expect(await fixture.broker.outbox.marked(OUTBOX, 9_000, 1)).toEqual([idOf(a)]);
  });

  it('are forgotten one by one, and none is as good', async () => {
    await fixture.redis.zadd(MARKS, 1_000, 'a', 2_000, 'b');
    await fixture.broker.outbox.forget(OUTBOX, ['a']);
    await fixture.broker.outbox.forget(OUTBOX, []);
    expect(await markedIds()).toEqual(['b']);
  });
});

describe('the turn of a relay', () => {
  const take = (relay: string, forMs: number): Promise<boolean> => fixture.broker.outbox.takeTurn(OUTBOX, relay, forMs);

  it('belongs to one relay, until that gives it back', async () => {
    expect(await take('one', 10_000)).toBe(true);
    expect(await take('two', 10_000)).toBe(false);
    expect(await take('one', 10_000)).toBe(true);
    expect(await take('two', 0)).toBe(false);
    expect(await take('one', 0)).toBe(true);
    expect(await take('two', 10_000)).toBe(true);
  });

  it('ends by itself', async () => {
    await take('one', 7_000);
    expect(await fixture.redis.pttl('{nestwork}:relaying:table1')).toBeGreaterThan(6_000);
    expect(await fixture.broker.outbox.takeTurn('table2', 'two', 1_000)).toBe(true);
  });
});

function otherProducer(count: number): string[] {
  return Array.from({ length: count }, (_, at) =>
    encodeMessage({ id: `zzzzzzzzzz000000000${at}`, name: 'Some.task', payload: '[]', enqueuedAt: 1 }),
  );
}

/** The same message, of a task that keeps its result. */
function resultOf(message: string): string {
  const tags = callTags(undefined, { seconds: 60, announced: true });
  return `${message.slice(0, 34)}${tags}${message.slice(34)}`;
}

function blockOf(message: string): string {
  return `${message.slice(0, 12)}:${Math.floor(Number.parseInt(message.slice(12, 20), 36) / 4096)}`;
}

describe('the notes of outboxes', () => {
  const KEY = '{nestwork}:outboxes';
  const note = { table: 'tasks', waiting: 1, putAside: 0, oldestMs: 5 };

  it('last for a day, also beside others', async () => {
    const { outbox } = fixture.broker;
    await outbox.note('gone', note);
    const [, json] = /^\d+( .*)$/.exec((await fixture.redis.hget(KEY, 'gone')) ?? '') ?? [];
    await fixture.redis.hset(KEY, 'gone', `${(await fixture.now()) - 86_400_001}${json}`, 'odd', 'hello');
    await outbox.note('here', note);
    expect(await fixture.redis.hkeys(KEY)).toEqual(['here']);
    expect(await fixture.redis.ttl(KEY)).toBeGreaterThan(86_000);
  });

  it('that are none are left out', async () => {
    const { outbox } = fixture.broker;
    await fixture.redis.hset(KEY, 'a', 'hello', 'b', '17 {"table":"t"}', 'c', '17 {"table":', 'd', '17 []');
    expect((await outbox.noted()).outboxes).toEqual([]);
    await fixture.redis.set(KEY, 'hello');
    expect((await outbox.noted()).outboxes).toEqual([]);
  });
});
