import { RedisBroker } from '../../src/broker/redis-broker.js';
import { EnqueueUnconfirmedError } from '../../src/errors.js';
import { RedisServer } from '../../src/testing/redis-server.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';

let fixture: BrokerFixture;
let replica: RedisServer;
let broker: RedisBroker;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  replica = await RedisServer.start({ args: ['--replicaof', '127.0.0.1', String(fixture.server.port)] });
  broker = new RedisBroker({
    redis: fixture.settings,
    namespace: 'nestwork',
    queues: ['default'],
    commandTimeoutMs: 2_000,
    replicas: 1,
  });
  await broker.connect();
  // resolves when the replica is in step
  while ((await fixture.redis.wait(1, 100)) < 1);
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await broker.close();
  await replica.stop();
  await fixture.stop();
});

it('an enqueue resolves when the replica has it', async () => {
  expect(await broker.enqueue('default', fixture.messages(3))).toBe(3);
});

it('an enqueue that the replica does not confirm is unconfirmed, and repeating it adds nothing', async () => {
  const message = fixture.message();
  replica.pause();
  const unconfirmed = await broker.enqueue('default', [message]).catch((error: unknown) => error);
  replica.resume();
  expect(unconfirmed).toBeInstanceOf(EnqueueUnconfirmedError);
  expect(unconfirmed).toMatchObject({ taskIds: [idOf(message)], cause: { message: '0 of 1 replicas have it.' } });
  while ((await fixture.redis.wait(1, 100)) < 1);
  expect(await broker.enqueue('default', [message])).toBe(0);
  expect(await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual([message]);
});

it.each<[string, string, [string, ...string[]], [string, ...string[]]]>([
  ['is a replica', 'READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
  [
    'is cut off from its replicas',
    'NOREPLICAS',
    ['CONFIG', 'SET', 'min-replicas-to-write', '9'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
  ],
])('a server that %s refuses with REDIS_UNAVAILABLE until it recovers', async (_what, answer, begin, end) => {
  const message = fixture.message();
  await fixture.redis.call(...begin);
  await expect(broker.enqueue('default', [message])).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining(`takes no writes: ${answer}`),
  });
  await fixture.redis.call(...end);
  expect(await fixture.broker.enqueue('default', [message])).toBe(1);
});
