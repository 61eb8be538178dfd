import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { NestworkError } from '../../src/errors.js';
import { READ_TAGS } from '../../src/message/tags.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { ScriptedServer } from '../support/scripted-server.js';

const NEWER = `x${'1'.repeat(27)}`;

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

function message(tags: string): string {
  return encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), tags });
}

/** Writes the session of a worker. @param reads undefined for a version that lists no tags */
async function session(name: string, reads?: string, ofLease = 60_000): Promise<void> {
  await fixture.redis.zadd('{nestwork}:sessions', (await fixture.now()) + ofLease, name);
  const fields = { '@queues': 'other', '@host': 'web-1', '@pid': '7', ...(reads ? { '@reads': reads } : {}) };
  await fixture.redis.hset(`{nestwork}:session:${name}`, fields);
}

type Way = 'one' | 'many' | 'unique' | 'broadcast';

/** @param sender one that has not looked at the sessions yet, by default */
async function send(tags: string, way: Way = 'one', sender?: RedisBroker): Promise<unknown> {
  const broker = sender ?? (await fixture.anotherBroker()).broker;
  try {
    if (way === 'one') return await broker.enqueueOne('default', message(tags));
    if (way === 'many') return await broker.enqueue('default', [message(''), message(tags)]);
    if (way === 'broadcast') return await broker.broadcast([message(tags)]);
    return await broker.enqueueUnique('default', message(tags), { due: undefined, replace: false });
  } finally {
    await broker.close();
  }
}

async function refusal(sent: Promise<unknown>): Promise<string> {
  return sent.then(
    () => 'sent',
    (error: NestworkError) => error.code,
  );
}

describe('a message with a tag', () => {
  it.each(['one', 'many', 'unique', 'broadcast'] as const)(
    'that a live worker of an earlier version cannot read is refused, and nothing is sent: %s',
    async (way) => {
      await session('old');
      await session('new', 'fsx');
      const key = way === 'unique' ? encodeUnique('Some.task', 'k', 'finished') : '';
      expect(await refusal(send(key + NEWER, way))).toBe('WORKERS_TOO_OLD');
      expect(await fixture.redis.exists('{nestwork}:queue:default', '{nestwork}:unique', '{nestwork}:broadcasts')).toBe(
        0,
      );
    },
  );

  it.each(['one', 'many', 'unique', 'broadcast'] as const)(
    'rejects as not sent when Redis does not return the workers: %s',
    async (way) => {
      const server = await ScriptedServer.start({ time: () => undefined });
      const options = { redis: server.url, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 200 };
      const broker = new RedisBroker(options);
      try {
        expect(await refusal(send(NEWER, way, broker))).toBe('REDIS_UNAVAILABLE');
        expect(server.received).toContain('time');
      } finally {
        await server.stop();
      }
    },
  );

  it('is refused with the worker and the remedy', async () => {
    await session('old', 'fs');
    await expect(send(NEWER)).rejects.toThrow(
      /has the tag "x", .*the worker on web-1 with process 7.*Deploy workers before/s,
    );
  });

  it('is sent when all live workers read it, even if a worker without a lease does not', async () => {
    await session('gone', undefined, -2_000);
    await session('new', 'fsx');
    expect(await refusal(send(NEWER))).toBe('sent');
  });

  it('is sent though a session was reaped while the workers were read', async () => {
    await fixture.redis.zadd('{nestwork}:sessions', (await fixture.now()) + 60_000, 'reaped-30000');
    expect(await refusal(send(NEWER))).toBe('sent');
    await fixture.redis.zrem('{nestwork}:sessions', 'reaped-30000');
  });

  it('is sent when there is no worker', async () => {
    expect(await refusal(send(NEWER))).toBe('sent');
  });

  it.each(['', encodeUnique('Some.task', 'k', 'started')])(
    'that every version reads is sent without a check: %j',
    async (tags) => {
      await session('old');
      const before = await fixture.redis.info('commandstats');
      expect(await refusal(send(tags))).toBe('sent');
      const asked = (text: string): string | undefined => /cmdstat_zrangebyscore:calls=(\d+)/.exec(text)?.[1];
      expect(asked(await fixture.redis.info('commandstats'))).toBe(asked(before));
    },
  );
});

it('a session has the letters of the tags that its worker reads', async () => {
  const child = await fixture.child();
  expect(await fixture.redis.hget(`{nestwork}:session:${child.session}`, '@reads')).toBe(READ_TAGS);
});
