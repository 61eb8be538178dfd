/**
 * Twenty schedulers on one Redis, each with a connection of its own, while connections are killed, schedulers end without
 * a word, and Redis itself crashes and comes back with its AOF.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronLoop } from '../../src/maintenance/cron-loop.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { RedisServer } from '../../src/testing/redis-server.js';

const SCHEDULERS = 20;
const TICKS = 5_000;
const EVERY_MS = 50;
const CRONS = Array.from(
  { length: 10 },
  (_, index): CronDeclaration => ({
    name: `Load.cron${index}`,
    queue: 'default',
    schedule: { everyMs: EVERY_MS },
    missed: 'all',
    thresholdMs: 0,
    overlap: 'allow',
    disabled: false,
  }),
);
const QUEUE = '{nestwork}:queue:default';

let server: RedisServer;
let redis: Redis;
const schedulers = new Set<{ readonly broker: RedisBroker; readonly loop: CronLoop }>();
beforeAll(async () => {
  server = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  redis = new Redis(server.url, { disconnectTimeout: 10 });
  redis.on('error', () => {}); // the server is killed
});
afterAll(async () => {
  for (const { broker, loop } of schedulers) {
    await broker.close();
    await loop.stop();
  }
  redis.disconnect();
  await server.stop();
});

async function startScheduler(): Promise<void> {
  const broker = new RedisBroker({
    redis: server.url,
    namespace: 'nestwork',
    queues: ['default'],
    commandTimeoutMs: 2_000,
  });
  await broker.connect();
  const loop = new CronLoop({ broker: broker.crons, crons: CRONS, onWarning: () => {}, onError: () => {} });
  loop.start();
  schedulers.add({ broker, loop });
}

/** As a SIGKILL would: its connection is gone at any step. */
async function replaceOne(): Promise<void> {
  const [victim] = schedulers;
  if (!victim) return;
  schedulers.delete(victim);
  await victim.broker.close();
  await victim.loop.stop();
  await startScheduler();
}

/** Ends the connections of half of the schedulers, from the side of the server. */
async function killConnections(): Promise<void> {
  const own = await redis.client('ID');
  const list = (await redis.client('LIST')) as string;
  const ids = [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => Number(id)).filter((id) => id !== own);
  await Promise.all(ids.filter((_, index) => index % 2 === 0).map((id) => redis.client('KILL', 'ID', id)));
}

async function crashRedis(): Promise<void> {
  await server.kill();
  await server.restart();
  while (redis.status !== 'ready') await delay(10);
}

it(`several cron loops fire each of ${TICKS} instants exactly once`, async () => {
  await Promise.all(Array.from({ length: SCHEDULERS }, startScheduler));
  const faults = [killConnections, replaceOne, killConnections, replaceOne, crashRedis];
  for (let round = 0; (await redis.llen(QUEUE)) < TICKS; round += 1) {
    await delay(200);
    await faults[round % faults.length]?.();
  }
  await Promise.all([...schedulers].map(({ loop }) => loop.stop()));

  const dues = new Map<string, number[]>();
  for (const message of await redis.lrange(QUEUE, 0, -1)) {
    const { name, options } = decodeMessage(message);
    dues.set(name, [...(dues.get(name) ?? []), Number(options.due)]);
  }
  expect([...dues.keys()].sort()).toEqual(CRONS.map(({ name }) => name));
  for (const instants of dues.values()) {
    const [first = 0] = instants;
    expect(instants).toEqual(instants.map((_, index) => first + index * EVERY_MS));
  }
}, 120_000);
