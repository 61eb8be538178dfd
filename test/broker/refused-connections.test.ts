import { jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { OutageLog } from '../../src/broker/redis/outage-log.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodePayload } from '../../src/payload/payload.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { info, ScriptedServer } from '../support/scripted-server.js';

const SECRET = 'correct-horse-battery-staple';

const ids = new TaskIdSequence();
const lines: string[] = [];
const note = (line: string): number => lines.push(line);
const log = new OutageLog({ log: note, warn: note, error: note });
let server: RedisServer | undefined;
let admin: Redis | undefined;
let broker: RedisBroker;
beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  await broker.close();
  admin?.disconnect();
  await server?.stop();
  server = undefined;
  admin = undefined;
});

async function start(...args: string[]): Promise<{ url: string; redis: Redis }> {
  server = await RedisServer.start({ args });
  admin = new Redis(server.url, { enableReadyCheck: false, disconnectTimeout: 10 });
  admin.on('error', () => {}); // its server may be restarted
  return { url: server.url, redis: admin };
}

function brokerOn(redis: string, commandTimeoutMs = 5_000): RedisBroker {
  broker = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs, onOutage: log });
  return broker;
}

function enqueue(): Promise<number> {
  const message = { id: ids.next(), name: 'Some.task', payload: encodePayload([]), enqueuedAt: Date.now() };
  return broker.enqueue('default', [encodeMessage(message)]);
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

it('a changed password is logged once with the outage, and is named in the error', async () => {
  const { url, redis } = await start('--user', 'app', 'on', `>${SECRET}`, '~*', '&*', '+@all');
  await brokerOn(url.replace('://', `://app:${SECRET}@`), 500).connect();
  await redis.acl('SETUSER', 'app', 'resetpass', '>another');
  await redis.call('CLIENT', 'KILL', 'USER', 'app');
  await until(() => lines.length > 0);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(enqueue()).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(/refuses the connection: WRONGPASS [\s\S]*Check user name and password/),
    });
  }
  await redis.acl('SETUSER', 'app', `>${SECRET}`);
  await until(() => lines.length > 2);
  expect(await enqueue()).toBe(1);
  const where = url.replace('redis://', '');
  expect(lines).toEqual([
    `Lost Redis at ${where}; reconnecting.`,
    expect.stringMatching(`^Redis at ${where} refuses the connection: WRONGPASS .*; trying again.$`),
    expect.stringContaining(`Redis at ${where} is back`),
  ]);
  expect(lines.join()).not.toContain(SECRET);
});

it('a missing password is named in the error', async () => {
  const { url, redis } = await start();
  await redis.config('SET', 'requirepass', SECRET);
  await expect(brokerOn(url, 300).connect()).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringMatching(/refuses the connection: NOAUTH [\s\S]*Check user name and password/),
  });
});

it('too many clients are named in the error, instead of a broken connection', async () => {
  const { url, redis } = await start();
  await redis.config('SET', 'maxclients', '1');
  await expect(brokerOn(url, 500).connect()).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringMatching(/refuses the connection: ERR max number of clients reached\.[\s\S]*`maxclients`/),
  });
  await redis.config('SET', 'maxclients', '100');
  await expect(broker.connect()).resolves.toBeUndefined();
});

it('messages that were sent over one connection and refused over the next are unconfirmed', async () => {
  let asked = 0;
  const hget = (): string | undefined => (++asked === 1 ? undefined : '-OOM command not allowed\r\n');
  const scripted = await ScriptedServer.start({
    exists: () => ':1\r\n',
    type: () => '+string\r\n',
    get: () => '$10\r\nnestwork/1\r\n',
    hget,
  });
  await brokerOn(scripted.url).connect();
  const asking = broker.staleAcks();
  await until(() => asked === 1);
  scripted.drop();
  await expect(asking).rejects.toMatchObject({ code: 'REDIS_TIMEOUT', cause: { message: 'OOM command not allowed' } });
  await expect(broker.staleAcks()).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
  await scripted.stop();
});

it('a server that loads its data is asked again soon, however long it expects to take', async () => {
  let loading = true;
  const scripted = await ScriptedServer.start({
    exists: () => ':1\r\n',
    type: () => '+string\r\n',
    get: () => '$10\r\nnestwork/1\r\n',
    info: () => {
      const answer = info('7.0.15', loading ? 3_600 : 0);
      loading = false;
      return answer;
    },
  });
  // less than the ten seconds that ioredis waits at most by default
  await expect(brokerOn(scripted.url, 5_000).connect()).resolves.toBeUndefined();
  await scripted.stop();
});

describe('a server without INFO', () => {
  it('is accepted without a warning', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const { url } = await start('--rename-command', 'INFO', '');
    await brokerOn(url).connect();
    expect(await enqueue()).toBe(1);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  it('delays commands while it loads its data', async () => {
    // every KiB that it has loaded it looks for clients
    const slow = ['--key-load-delay', '50000', '--loading-process-events-interval-bytes', '1024'];
    const { url, redis } = await start('--rename-command', 'INFO', 'HIDDEN', '--rdbcompression', 'no', ...slow);
    await brokerOn(url, 30_000).connect();
    for (let key = 0; key < 40; key += 1) await redis.set(`key ${key}`, 'x'.repeat(2_000));
    await redis.save();
    const restarted = server?.restart();
    expect(await enqueue()).toBe(1);
    await restarted;
    expect(await redis.call('HIDDEN', 'errorstats')).toMatch(/errorstat_LOADING:count=/);
  });
});

describe('a node of a Redis Cluster', () => {
  const REFUSAL = {
    code: 'REDIS_IS_CLUSTER',
    message: expect.stringMatching(
      /^Redis at 127.0.0.1:\d+ is a node of a Redis Cluster[\s\S]*does not support Redis Cluster yet/,
    ),
  };

  it.each([
    ['without slots', false, ''],
    ['with all slots', true, ''],
    ['with all slots, asked for another database', true, '/3'],
  ])('%s is refused at the start, before any key is touched', async (_what, slots, path) => {
    const { url, redis } = await start('--cluster-enabled', 'yes');
    if (slots) {
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until(async () => String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
    }
    await expect(brokerOn(`${url}${path}`, 500).connect()).rejects.toMatchObject(REFUSAL);
    expect(await redis.dbsize()).toBe(0);
  });

  it('that does not identify itself is refused when it redirects a key', async () => {
    const { url } = await start('--cluster-enabled', 'yes', '--rename-command', 'INFO', '');
    await expect(brokerOn(url).connect()).rejects.toMatchObject(REFUSAL);
  });

  it.each([
    'MOVED 6957 10.0.0.7:6379',
    'ASK 6957 10.0.0.7:6379',
    'CLUSTERDOWN Hash slot not served',
    "CROSSSLOT Keys in request don't hash to the same slot",
  ])('that answers a command with %s is named in the error, without advice about rights', async (answer) => {
    const scripted = await ScriptedServer.start({ info: () => info(), exists: () => `-${answer}\r\n` });
    const refusal = brokerOn(scripted.url).connect();
    await expect(refusal).rejects.toMatchObject(REFUSAL);
    await expect(refusal).rejects.not.toThrow(/rights/);
    await scripted.stop();
  });
});
