import { setTimeout as delay } from 'node:timers/promises';
import type { StreamPosition, StreamRead } from '../../src/broker/port/broker.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { KEPT_BROADCASTS } from '../../src/task/broadcast.js';
import { BrokerFixture } from '../support/broker-fixture.js';

const STREAM = '{nestwork}:broadcasts';
const START: StreamPosition = { id: '0-0', ordinal: 0 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

const messagesOf = ({ entries }: StreamRead): (string | undefined)[] =>
  entries.map(({ fields }) => fields.get('message'));

/** Everything behind a position, in as many reads as it takes. */
async function readAll(
  from: StreamPosition,
): Promise<{ messages: unknown[]; position: StreamPosition; gaps: unknown[] }> {
  const messages: unknown[] = [];
  const gaps: unknown[] = [];
  for (let position = from; ; ) {
    const read = await fixture.broker.stream.read(position);
    messages.push(...messagesOf(read));
    if (read.gap) gaps.push(read.gap);
    position = read.position;
    if (!read.more) return { messages, position, gaps };
  }
}

describe('broadcast', () => {
  it('appends messages in order, as entries of the kind "call"', async () => {
    const [a, b] = fixture.messages(2) as [string, string];
    expect(await fixture.broker.broadcast([a, b])).toBe(2);
    const { entries } = await fixture.broker.stream.read(START);
    expect(entries.map(({ kind, fields }) => [kind, fields.get('message')])).toEqual([
      ['call', a],
      ['call', b],
    ]);
  });

  it('adds a message once, in any order of repetitions', async () => {
    const [a, b, c] = fixture.messages(3) as [string, string, string];
    expect(await fixture.broker.broadcast([b])).toBe(1);
    expect(await fixture.broker.broadcast([a, b])).toBe(1);
    expect(await fixture.broker.broadcast([a, b, c])).toBe(1);
    expect((await readAll(START)).messages).toEqual([b, a, c]);
  });

  it('remembers its ids for ten minutes', async () => {
    await fixture.broker.broadcast(fixture.messages(1));
    const [seen = ''] = await fixture.redis.keys('{nestwork}:seen:*');
    expect(await fixture.redis.ttl(seen)).toBeGreaterThan(590);
  });

  it('recognises a message that was enqueued in a queue', async () => {
    const message = fixture.message();
    await fixture.broker.enqueue('default', [message]);
    expect(await fixture.broker.broadcast([message])).toBe(0);
  });

  it('keeps the order over chunks and blocks, and the newest ten thousand or a few more', async () => {
    const messages = fixture.messages(KEPT_BROADCASTS + 1_000);
    expect(await fixture.broker.broadcast(messages)).toBe(messages.length);
    const kept = await fixture.redis.xlen(STREAM);
    expect(kept).toBeGreaterThanOrEqual(KEPT_BROADCASTS);
    expect(kept).toBeLessThan(KEPT_BROADCASTS + 200);
    const { messages: read, gaps } = await readAll(START);
    expect(read).toEqual(messages.slice(-kept));
    expect(gaps).toEqual([{ reason: 'trimmed', missed: messages.length - kept, after: '0-0' }]);
  });

  it('is refused when Redis is full before it writes, and works later', async () => {
    const message = fixture.message();
    await fixture.redis.config('SET', 'maxmemory', '1');
    try {
      await expect(fixture.broker.broadcast([message])).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    } finally {
      await fixture.redis.config('SET', 'maxmemory', '0');
    }
    expect(await fixture.broker.broadcast([message])).toBe(1);
  });

  it('is refused when the key is foreign, and works when that key is gone', async () => {
    const message = fixture.message();
    await fixture.redis.set(STREAM, 'foreign');
    await expect(fixture.broker.broadcast([message])).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    await fixture.redis.del(STREAM);
    expect(await fixture.broker.broadcast([message])).toBe(1);
  });
});

describe('a position', () => {
  const agoMs = (ms: number): number => performance.now() - ms;

  it('lies before the messages that were added since then, even if Redis answers slowly', async () => {
    const sinceMs = performance.now();
    const young = fixture.messages(2);
    await fixture.broker.broadcast(young);
    fixture.server.pause();
    const position = fixture.broker.stream.position(sinceMs);
    await delay(200);
    fixture.server.resume();
    expect(await readAll(await position)).toMatchObject({ messages: young });
  });

  it('lies behind older messages and before younger ones', async () => {
    const [seconds] = (await fixture.redis.time()).map(Number) as [number, number];
    for (let entry = 0; entry < 3; entry += 1) {
      await fixture.redis.xadd(STREAM, `${(seconds - 3_600) * 1_000}-${entry}`, 'kind', 'call', 'message', 'old');
    }
    const young = fixture.messages(2);
    await fixture.broker.broadcast(young);
    const position = await fixture.broker.stream.position(agoMs(1_800_000));
    expect(position.ordinal).toBe(3);
    expect(await readAll(position)).toMatchObject({ messages: young, gaps: [] });
  });

  it('is the end of a stream whose last entry is older', async () => {
    await fixture.redis.xadd(STREAM, '5-0', 'kind', 'call');
    expect(await fixture.broker.stream.position(agoMs(1_000))).toEqual({ id: '5-0', ordinal: 1 });
  });

  it('is the end of a stream that is ahead of the clock, because its ids are no times of this clock', async () => {
    const future = `${Date.now() + 3_600_000}-0`;
    await fixture.redis.xadd(STREAM, future, 'kind', 'call');
    expect(await fixture.broker.stream.position(agoMs(3_600_000))).toEqual({ id: future, ordinal: 1 });
  });

  it('is the very beginning when the stream does not exist', async () => {
    expect(await fixture.broker.stream.position(agoMs(1_000))).toEqual(START);
    const first = fixture.messages(1);
    await fixture.broker.broadcast(first);
    expect(await readAll(START)).toMatchObject({ messages: first, gaps: [] });
  });
});

describe('reading', () => {
  it('continues at its position, and reports whether there is more', async () => {
    const messages = fixture.messages(150);
    await fixture.broker.broadcast(messages);
    const first = await fixture.broker.stream.read(START);
    expect(first).toMatchObject({ more: true, gap: undefined });
    const second = await fixture.broker.stream.read(first.position);
    expect(second).toMatchObject({ more: false, gap: undefined });
    expect([...messagesOf(first), ...messagesOf(second)]).toEqual(messages);
    expect(await fixture.broker.stream.read(second.position)).toMatchObject({
      entries: [],
      more: false,
      gap: undefined,
    });
  });

  it('returns entries of other kinds with all their fields', async () => {
    await fixture.redis.xadd(STREAM, '*', 'kind', 'cancel', 'task', 'k3v9x0q2m7ab00000007');
    const { entries } = await fixture.broker.stream.read(START);
    expect(entries).toMatchObject([{ kind: 'cancel' }]);
    expect(entries[0]?.fields.get('task')).toBe('k3v9x0q2m7ab00000007');
  });

  it('counts the entries that were trimmed before it read them, exactly', async () => {
    await fixture.broker.broadcast(fixture.messages(10));
    const { position } = await readAll(START);
    const later = fixture.messages(250);
    await fixture.broker.broadcast(later);
    await fixture.redis.xtrim(STREAM, 'MAXLEN', 207);
    expect(await readAll(position)).toMatchObject({
      messages: later.slice(43),
      gaps: [{ reason: 'trimmed', missed: 43, after: position.id }],
    });
  });

  it('reports no gap when only entries that it had read were trimmed', async () => {
    await fixture.broker.broadcast(fixture.messages(10));
    const { position } = await readAll(START);
    const later = fixture.messages(5);
    await fixture.broker.broadcast(later);
    await fixture.redis.xtrim(STREAM, 'MAXLEN', 5);
    expect(await readAll(position)).toMatchObject({ messages: later, gaps: [] });
  });

  it('reports the loss of the whole stream once, and reads on', async () => {
    await fixture.broker.broadcast(fixture.messages(10));
    const { position } = await readAll(START);
    await fixture.redis.flushall();
    const emptied = await readAll(position);
    expect(emptied).toMatchObject({ messages: [], gaps: [{ reason: 'rewound' }], position: START });
    const later = fixture.messages(2);
    await fixture.broker.broadcast(later);
    expect(await readAll(emptied.position)).toMatchObject({ messages: later, gaps: [] });
  });

  it('detects another stream in place of its own, and reads the new entries in it', async () => {
    await fixture.broker.broadcast(fixture.messages(2));
    const { position } = await readAll(START);
    await fixture.redis.flushall();
    // an id is a time in whole milliseconds
    while (!(await isOver(Number.parseInt(position.id, 10))));
    const later = fixture.messages(7);
    await fixture.broker.broadcast(later);
    expect(await readAll(position)).toMatchObject({ messages: later, gaps: [{ reason: 'rewound' }] });
  });
});

describe('waiting', () => {
  it('ends when there is more', async () => {
    const waiting = fixture.broker.stream.waitForMore(START, 10_000);
    await fixture.broker.broadcast(fixture.messages(1));
    expect(await waiting).toBe(true);
  });

  it('ends at once when there is more already', async () => {
    await fixture.broker.broadcast(fixture.messages(1));
    expect(await fixture.broker.stream.waitForMore(START, 10_000)).toBe(true);
  });

  it('ends after its time', async () => {
    expect(await fixture.broker.stream.waitForMore(START, 20)).toBe(false);
  });

  it('goes on after its connection broke', async () => {
    const waiting = fixture.broker.stream.waitForMore(START, 10_000);
    await untilBlocked(1);
    await fixture.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await untilBlocked(1);
    await fixture.broker.broadcast(fixture.messages(1));
    expect(await waiting).toBe(true);
  });

  it('ends with the broker', async () => {
    const broker = new RedisBroker({
      redis: fixture.server.url,
      namespace: 'nestwork',
      queues: ['default'],
      commandTimeoutMs: 5_000,
    });
    await broker.connect();
    const waiting = broker.stream.waitForMore(START, 10_000);
    await untilBlocked(1);
    await broker.close();
    expect(await waiting).toBe(false);
    expect(await broker.stream.waitForMore(START, 10_000)).toBe(false);
    await untilBlocked(0);
  });

  async function untilBlocked(clients: number): Promise<void> {
    const pattern = new RegExp(`^blocked_clients:${clients}\\r?$`, 'm');
    while (!pattern.test(await fixture.redis.info('clients'))) await delay(5);
  }
});

/** Whether the clock of Redis has passed that millisecond. */
async function isOver(ms: number): Promise<boolean> {
  const [seconds, microseconds] = (await fixture.redis.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(microseconds / 1_000) > ms;
}
