import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamEntry, StreamGap } from '../../../src/broker/port/broker.js';
import { RedisBroker } from '../../../src/broker/redis-broker.js';
import { NestworkError } from '../../../src/errors.js';
import { StreamReader } from '../../../src/supervisor/broadcasts/stream-reader.js';
import { BrokerFixture } from '../../support/broker-fixture.js';

const STREAM = '{nestwork}:broadcasts';

let fixture: BrokerFixture;
let broker: RedisBroker;
let reader: StreamReader;
let received: string[];
let gaps: StreamGap[];
let unknown: string[];
let errors: unknown[];
beforeAll(async () => {
  fixture = await BrokerFixture.start(['--appendonly', 'yes', '--appendfsync', 'always']);
});
beforeEach(async () => {
  [received, gaps, unknown, errors] = [[], [], [], []];
  broker = new RedisBroker({
    redis: fixture.server.url,
    namespace: 'nestwork',
    queues: ['default'],
    commandTimeoutMs: 1_000,
  });
  await broker.connect();
});
afterEach(async () => {
  await reader.stop();
  await broker.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

function start(onCall: (message: string) => void = () => {}, sinceMs = performance.now()): void {
  const call = ({ fields }: StreamEntry): void => {
    received.push(fields.get('message') ?? '');
    onCall(fields.get('message') ?? '');
  };
  reader = new StreamReader({
    stream: broker.stream,
    sinceMs,
    handlers: new Map([['call', call]]),
    onGap: (gap) => gaps.push(gap),
    onUnknown: (kind) => unknown.push(kind),
    onError: (error) => errors.push(error),
  });
  reader.start();
}

async function receives(messages: readonly string[]): Promise<void> {
  while (received.length < messages.length) await delay(5);
  expect(received).toEqual(messages);
}

/** Repeats a call whose outcome is unknown, as a sender should. */
async function send(messages: readonly string[]): Promise<void> {
  const unknown = (error: Error): void => {
    if (!(error instanceof NestworkError && /^(ENQUEUE_UNCONFIRMED|REDIS_UNAVAILABLE)$/.test(error.code))) throw error;
  };
  while ((await fixture.broker.broadcast(messages).catch(unknown)) === undefined) await delay(20);
}

async function blocked(): Promise<void> {
  while (!/^blocked_clients:1\r?$/m.test(await fixture.redis.info('clients'))) await delay(5);
}

it('a reader reads entries that were sent after it was made, also before its first read, and none that are older', async () => {
  // long ago: its position may lie too early, by as long as the answer of Redis takes
  const old = `${(await fixture.now()) - 60_000}-0`;
  await fixture.redis.xadd(STREAM, old, 'kind', 'call', 'message', 'old');
  const sinceMs = performance.now();
  const early = fixture.messages(2);
  await delay(5); // ids are times in whole milliseconds
  await fixture.broker.broadcast(early);
  start(undefined, sinceMs);
  await receives(early);
});

it('a reader waits for more with one command, and gets it at once', async () => {
  start();
  await blocked();
  const messages = fixture.messages(250);
  await fixture.broker.broadcast(messages);
  await receives(messages);
  expect(gaps).toEqual([]);
});

it('a reader misses and repeats nothing when Redis is restarted and its connections are cut', async () => {
  start();
  const messages: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const more = fixture.messages(20);
    await send(more);
    messages.push(...more);
    if (round === 6) await fixture.server.restart();
    else await fixture.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }
  await receives(messages);
  expect(gaps).toEqual([]);
});

it('a reader reports entries that were trimmed before it could read them', async () => {
  start();
  await blocked();
  const transaction = fixture.redis.multi();
  for (const message of ['a', 'b', 'c', 'd']) transaction.xadd(STREAM, '*', 'kind', 'call', 'message', message);
  await transaction.xtrim(STREAM, 'MAXLEN', 1).exec();
  await receives(['d']);
  expect(gaps).toEqual([{ reason: 'trimmed', missed: 3, after: '0-0' }]);
});

it('a reader skips entries of an unknown kind, and reports each kind once', async () => {
  start();
  const [message = ''] = fixture.messages(1);
  for (const kind of ['later', 'later', 'much later'])
    await fixture.redis.xadd(STREAM, '*', 'kind', kind, 'message', 'x');
  await fixture.broker.broadcast([message]);
  await receives([message]);
  expect(unknown).toEqual(['later', 'much later']);
});

it('a reader goes on after an entry whose handler throws', async () => {
  const messages = fixture.messages(3);
  start((message) => {
    if (message === messages[1]) throw new Error('no');
  });
  await fixture.broker.broadcast(messages);
  await receives(messages);
  expect(errors).toHaveLength(1);
});
