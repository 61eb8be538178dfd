import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { SentinelGroup } from '../support/sentinel-group.js';

let group: SentinelGroup;
let fixture: BrokerFixture<SentinelGroup>;
beforeAll(async () => {
  group = await SentinelGroup.start();
  const redis = new Redis({ ...group.admin, maxRetriesPerRequest: null });
  redis.on('error', () => {}); // its server is killed on purpose
  fixture = await BrokerFixture.on(group, { redis: group.settings, replicas: 1, commandTimeoutMs: 20_000 }, redis);
});
afterAll(() => fixture.stop());

it('a sentinel that does not answer is skipped', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const sentinels = [{ host: '127.0.0.1', port }, ...(group.settings.sentinels ?? [])];
  const redis = { ...group.settings, sentinels };
  const broker = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 500 });
  // the first attempt may spend all its time on the silent one
  await broker.connect().catch(() => broker.connect());
  expect(sockets).not.toHaveLength(0);
  await broker.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

it('a new primary that refuses the database receives nothing, in no other database either', async () => {
  const old = await group.primary();
  for (const server of group.servers) {
    const admin = new Redis(server.url);
    const lacks = server === old ? [] : ['-select'];
    await admin.acl('SETUSER', 'limited', 'on', '>limited', '~*', '&*', '+@all', ...lacks);
    admin.disconnect();
  }
  const refusals: string[] = [];
  const broker = new RedisBroker({
    redis: { ...group.admin, username: 'limited', password: 'limited', db: 3 },
    namespace: 'mine',
    queues: ['default'],
    commandTimeoutMs: 2_000,
    onOutage: { lost: () => {}, refused: (where, reason) => refusals.push(`${where} ${reason}`), restored: () => {} },
  });
  await broker.connect();
  expect(await broker.enqueue('default', [fixture.message()])).toBe(1);
  await group.switchOver();
  await group.failedOver(old);
  await group.until('it is refused', async () => refusals.length > 0);

  expect(refusals).toEqual([expect.stringMatching(/^sentinel group \w+ refuses database 3: NOPERM/)]);
  await expect(broker.enqueue('default', [fixture.message()])).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringContaining('refuses database 3'),
  });
  await broker.close();
  const admin = new Redis((await group.primary()).url);
  expect(await admin.keys('{mine}*')).toEqual([]);
  admin.disconnect();
});

it('an enqueue that a new primary never received is unconfirmed, although its replicas are in step', async () => {
  const message = fixture.message();
  const old = await group.primary();
  const replicas = group.servers.filter((server) => server !== old);
  for (const replica of replicas) replica.pause();
  const admin = new Redis(old.url);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
  const outcome = fixture.broker.enqueue('default', [message]).catch((error: unknown) => error);
  await group.until('it waits for replicas', async () => /^blocked_clients:1/m.test(await admin.info('clients')));
  admin.disconnect();
  await old.kill();
  for (const replica of replicas) replica.resume();

  expect(await outcome).toMatchObject({ code: 'ENQUEUE_UNCONFIRMED', taskIds: [idOf(message)] });
  expect(await fixture.redis.exists('{nestwork}:queue:default')).toBe(0);
  expect(await fixture.broker.enqueue('default', [message])).toBe(1);
});
