/**
 * The cost of batches and flows: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/group-cost.mjs
 *
 * On a private server: how fast a million tasks come into a batch from a generator, how much memory the sender needs for that, how many
 * bytes of Redis a member takes beside a plain task, and the longest that a command held up Redis, which also ends all members and releases
 * flows of 10,000 tasks.
 */
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { QueueClient } from '../dist/client/queue-client.js';
import { TaskRegistry } from '../dist/task/task-registry.js';
import { RedisServer } from '../dist/testing/redis-server.js';

const MEMBERS = 1_000_000;
const PLAIN = 200_000;
const WIDE = 10_000;
const AT_ONCE = 100;
const QUEUES = ['default'];

const server = await RedisServer.start();
const redis = new Redis(server.url);
const broker = new RedisBroker({ redis: server.url, namespace: 'groups', queues: QUEUES, commandTimeoutMs: 60_000 });
await broker.connect();
const queue = new QueueClient(broker, new TaskRegistry(), { queues: QUEUES, defaultQueue: 'default' });
const task = queue.task('ReportTasks.send').with({ queue: 'default' });
// the first ones leave buffers and bitmaps behind
await task.delayMany(calls(PLAIN));
await redis.flushall();
const plain = await bytesOf(PLAIN, () => task.delayMany(calls(PLAIN)));
await redis.flushall();
const member = await bytesOf(PLAIN, () => queue.batch({ name: 'bench' }).add(task, calls(PLAIN)).delay());
await redis.flushall();
// every command of more than 0.1 ms, to find the longest
await redis.config('SET', 'slowlog-max-len', '100000');
await redis.config('SET', 'slowlog-log-slower-than', '100');

const before = process.memoryUsage().heapUsed;
let most = 0;
const startedAt = performance.now();
await queue.batch({ name: 'bench' }).add(task, calls(MEMBERS, watch)).delay();
const addedAt = performance.now();
console.log(`members added      ${Math.round(MEMBERS / (addedAt - startedAt))}k a second`);
console.log(`heap of the sender ${Math.round((most - before) / 1e6)} MB more at most`);
console.log(
  `bytes              ${member.toFixed(0)} a member, ${plain.toFixed(0)} a plain task: ${(member / plain).toFixed(2)} times`,
);
console.log(`longest command    ${await longest()} while they were added`);

const claimant = await worker();
await end(claimant);
console.log(`longest command    ${await longest()} while 100,000 of them ended`);

await redis.flushall();
const flow = queue.flow({ name: 'wide' });
const kept = task.with({ result: '1h' });
const first = flow.add(kept, 7, { weekly: true });
const parts = Array.from({ length: WIDE }, () => flow.with({ after: first }).add(kept, 7, { weekly: true }));
flow.add(kept, parts);
const sentAt = performance.now();
const sent = await flow.delay();
console.log(`flow of ${WIDE + 2}      sent in ${Math.round(performance.now() - sentAt)} ms`);
const other = await worker();
for (let ended = 0; ended < WIDE + 2; ) {
  await broker.promote(100);
  ended += await end(other, 100);
}
const { state, done } = await sent.status();
console.log(`longest command    ${await longest()} while it was sent and ended (${state}, ${done} done)`);

await broker.close();
redis.disconnect();
await server.stop();

function* calls(count, watched = () => {}) {
  for (let call = 0; call < count; call += 1) {
    if (call % 10_000 === 0) watched();
    yield [call, { weekly: true }];
  }
}

function watch() {
  most = Math.max(most, process.memoryUsage().heapUsed);
}

async function bytesOf(count, add) {
  const start = await usedBytes();
  await add();
  return ((await usedBytes()) - start) / count;
}

async function usedBytes() {
  const [, bytes] = /used_memory:(\d+)/.exec(await redis.info('memory'));
  return Number(bytes);
}

/** Since the last time. */
async function longest() {
  const entries = await redis.slowlog('GET', '100000');
  await redis.slowlog('RESET');
  const own = entries.filter(([, , , [name]]) => /^EVAL|^FCALL/i.test(name));
  const ms = own.map(([, , us]) => us / 1_000).sort((a, b) => b - a);
  // the machine itself holds up a few of thousands
  return `${(ms[0] ?? 0).toFixed(1)} ms (99.9 %: ${(ms[Math.floor(ms.length / 1_000)] ?? 0).toFixed(1)} ms)`;
}

async function worker() {
  const [session, child] = ['session', 'session.1'];
  const description = { session, leaseMs: 3_600_000, queues: QUEUES, catalog: [], host: 'bench', pid: process.pid };
  await broker.openSession(description);
  await broker.register(session, child);
  return { claimant: { session, child, queues: QUEUES }, number: 0 };
}

/** Claims and ends members. Resolves to how many. */
async function end(worker, most = 100_000) {
  let ended = 0;
  while (ended < most) {
    worker.number += 1;
    const claim = { number: worker.number, limit: AT_ONCE, acks: [] };
    const { tasks } = await broker.claim(worker.claimant, claim);
    if (tasks.length === 0) break;
    const results = tasks.map(({ id }) => ({ id, result: 'd[{"ok":true}]', inGroup: true }));
    ended += await broker.results.finish(worker.claimant, results);
  }
  return ended;
}
