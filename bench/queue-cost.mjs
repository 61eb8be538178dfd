/**
 * The cost of a claim in Redis by the number of queues that a worker serves: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/queue-cost.mjs
 *
 * Microseconds that Redis itself counts for the script (`INFO commandstats`), on a private server, the numbers of queues in
 * turns: the median of all rounds, and the lowest and the highest.
 */
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { RedisServer } from '../dist/testing/redis-server.js';

const QUEUES = [1, 10, 100, 1_000];
const ROUNDS = 15;
const CLAIMS = 40;
/** How many tasks a claim finds, all of them in the last queue, which it comes to last. */
const TASKS = [0, 1];

const server = await RedisServer.start();
const redis = new Redis(server.url);
const ids = new TaskIdSequence();

async function worker(count) {
  const queues = Array.from({ length: count }, (_, index) => `queue-${index}`);
  const broker = new RedisBroker({ redis: server.url, namespace: `cost-${count}`, queues, commandTimeoutMs: 60_000 });
  await broker.connect();
  const session = `session-${count}`;
  await broker.openSession({ session, leaseMs: 600_000, queues, catalog: [], host: 'bench', pid: process.pid });
  await broker.register(session, 'child');
  return { broker, queues, claimant: { session, child: 'child', queues }, number: 0 };
}

/** Microseconds of Redis for one claim. */
async function round(worker, tasks) {
  const { broker, queues, claimant } = worker;
  let total = 0;
  for (let claim = 0; claim < CLAIMS; claim += 1) {
    const messages = Array.from({ length: tasks }, () =>
      encodeMessage({ id: ids.next(), name: 'Bench.task', payload: '[]', enqueuedAt: Date.now() }),
    );
    if (tasks > 0) await broker.enqueue(queues.at(-1), messages);
    await redis.config('RESETSTAT');
    worker.number += 1;
    const reply = await broker.claim(claimant, { number: worker.number, limit: 10, acks: [] });
    const stats = await redis.info('commandstats');
    // the first time the server does not know the script, and gets it with EVAL
    for (const [, usec] of stats.matchAll(/cmdstat_eval(?:sha)?:.*?,usec=(\d+)/g)) total += Number(usec);
    if (reply.tasks.length !== tasks)
      throw new Error(`A claim brought ${reply.tasks.length} tasks instead of ${tasks}.`);
    if (tasks > 0)
      await broker.ack(
        claimant,
        reply.tasks.map(({ id }) => id),
      );
  }
  return total / CLAIMS;
}

const workers = new Map();
for (const count of QUEUES) workers.set(count, await worker(count));
const measured = new Map();
for (let turn = 0; turn < ROUNDS; turn += 1) {
  for (const tasks of TASKS) {
    for (const count of QUEUES) {
      const key = `${count} queues, ${tasks} tasks`;
      measured.set(key, [...(measured.get(key) ?? []), await round(workers.get(count), tasks)]);
    }
  }
}
for (const [key, values] of measured) {
  const sorted = values.sort((a, b) => a - b).map(Math.round);
  console.log(`${key}: ${sorted[sorted.length >> 1]} us a claim (${sorted[0]} to ${sorted.at(-1)})`);
}
for (const { broker } of workers.values()) await broker.close();
redis.disconnect();
await server.stop();
