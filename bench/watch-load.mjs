/**
 * The load of the live screens on Redis by the number of pending tasks: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/watch-load.mjs
 *
 * Microseconds that Redis itself counts for all commands of one redraw (`INFO commandstats`), on a private server, of `status --watch`
 * and `top`, with few and with many pending tasks in turns: the median of all rounds, and the lowest and the highest.
 */
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { createInspector } from '../dist/inspector/create-inspector.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { encodeCounts, noCounts } from '../dist/task/task-counts.js';
import { RedisServer } from '../dist/testing/redis-server.js';

const PENDING = [100, 2_000_000];
const QUEUES = ['critical', 'default', 'mail', 'bulk', 'reports'];
const WORKERS = 4;
const CHILDREN = 8;
const ROUNDS = 15;
const REDRAWS = 20;
/** Tasks that are sent at once. */
const BATCH = 10_000;

const server = await RedisServer.start();
const redis = new Redis(server.url);
const ids = new TaskIdSequence();

/** A namespace with workers, counts of an hour and so many pending tasks. */
async function namespaceOf(pending) {
  const namespace = `load-${pending}`;
  const broker = new RedisBroker({ redis: server.url, namespace, queues: QUEUES, commandTimeoutMs: 60_000 });
  await broker.connect();
  for (let worker = 0; worker < WORKERS; worker += 1) await start(broker, worker);
  await count(namespace);
  for (let sent = 0; sent < pending; sent += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, pending - sent) }, () =>
      encodeMessage({ id: ids.next(), name: 'Bench.task', payload: '[7,"x"]', enqueuedAt: Date.now() }),
    );
    await broker.enqueue('bulk', messages);
  }
  await broker.close();
  const inspector = await createInspector({ redis: server.url, namespace });
  const screens = {
    'status --watch': () => inspector.status(),
    top: async () => {
      await inspector.workers.watch();
      await inspector.status();
    },
  };
  return { pending, inspector, screens };
}

async function start(broker, number) {
  const session = `session-${number}-600000`;
  await broker.openSession({ session, leaseMs: 600_000, queues: QUEUES, catalog: [], host: 'bench', pid: number + 1 });
  const children = Array.from({ length: CHILDREN }, (_, at) => ({
    pid: 100 * number + at,
    state: 'running',
    upMs: 60_000,
    bytes: 120_000_000,
    running: 10,
    active: Array.from({ length: 10 }, () => ({ id: ids.next(), name: 'Bench.task', forMs: 5_000 })),
  }));
  for (const { pid } of children) await broker.register(session, `${session}.${pid}`);
  const digest = { state: 'running', inProcess: false, upMs: 60_000, bytes: 90_000_000, restarted: 0, restarts: [] };
  await broker.workers.publish(session, { ...digest, forked: CHILDREN, children }, 600_000);
}

/** Counts of 20 tasks in every minute of the last hour, which a screen reads once. */
async function count(namespace) {
  const minute = Math.floor(Date.now() / 60_000);
  for (let ago = 0; ago < 60; ago += 1) {
    const fields = Array.from({ length: 20 }, (_, at) => [
      `bulk Bench.task${at}`,
      encodeCounts({ ...noCounts(), started: 100, done: 99, failed: 1 }),
    ]);
    await redis.hset(`{${namespace}}:metrics:${minute - ago}`, ...fields.flat());
  }
}

/** Microseconds of Redis for one redraw. */
async function round(redraw) {
  await redis.config('RESETSTAT');
  for (let at = 0; at < REDRAWS; at += 1) await redraw();
  const stats = await redis.info('commandstats');
  let total = 0;
  for (const [, command, usec] of stats.matchAll(/cmdstat_(\S+?):.*?,usec=(\d+)/g)) {
    if (!command.startsWith('config') && command !== 'info') total += Number(usec);
  }
  return total / REDRAWS;
}

const namespaces = [];
for (const pending of PENDING) namespaces.push(await namespaceOf(pending));
// the first one reads the whole hour
for (const { screens } of namespaces) for (const redraw of Object.values(screens)) await redraw();
const measured = new Map();
for (let turn = 0; turn < ROUNDS; turn += 1) {
  for (const { pending, screens } of namespaces) {
    for (const [screen, redraw] of Object.entries(screens)) {
      const key = `${screen}, ${pending} pending`;
      measured.set(key, [...(measured.get(key) ?? []), await round(redraw)]);
    }
  }
}
const medians = new Map();
for (const [key, values] of measured) {
  const sorted = values.sort((a, b) => a - b);
  medians.set(key, sorted[sorted.length >> 1]);
  const [lowest, median, highest] = [sorted[0], medians.get(key), sorted.at(-1)].map(Math.round);
  console.log(`${key}: ${median} us a redraw (${lowest} to ${highest})`);
}
for (const screen of Object.keys(namespaces[0].screens)) {
  const [few, many] = PENDING.map((pending) => medians.get(`${screen}, ${pending} pending`));
  console.log(`${screen}: ${(many / few).toFixed(2)} times the load with ${PENDING[1]} pending tasks`);
}
for (const { inspector } of namespaces) await inspector.close();
redis.disconnect();
await server.stop();
