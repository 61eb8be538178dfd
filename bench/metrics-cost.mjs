/**
 * The cost of the metrics for each task: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/metrics-cost.mjs
 *
 * Pairs of processes, one with metrics and one without, take turns: each runs a full queue of no-op tasks empty, at concurrency 1 on
 * a private server, with the claim loop of a child. Counted is the processor time of the process and of the main thread of Redis.
 * V8 compiles each process a little differently, which is up to a tenth of its time: so there are many pairs, and their mean has a
 * standard error. A pair that the machine has disturbed counts as well, unless it is among the tenth that lies farthest off.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { LoopListeners } from '../dist/worker/loop-listeners.js';
import { claimingChild } from './claiming-child.mjs';

const PAIRS = 40;
/** In the first turn V8 optimizes. */
const TURNS = [60_000, 120_000];
const BATCH = 10_000;

const [, , url, mode] = process.argv;
if (mode === undefined) await measure();
else await work(url, mode);

/** A process that claims until it is ended. Answers each message with its processor time, once its tasks are finished. */
async function work(url, mode) {
  let left = 0;
  const handler = async () => {
    left -= 1;
    if (left === 0) process.emit('drained');
  };
  const { loop } = await claimingChild(
    { url, namespace: mode, concurrency: 1, handler },
    (child) => new LoopListeners({ ...child, hooks: [], metrics: mode === 'with' }).loop,
  );
  process.on('message', async (tasks) => {
    left = tasks;
    const drained = once(process, 'drained');
    process.send('counting');
    const before = process.cpuUsage();
    await drained;
    const { user, system } = process.cpuUsage(before);
    process.send(user + system);
  });
  process.send('ready');
  await loop.run();
}

function messageOf(ids) {
  return encodeMessage({ id: ids.next(), name: 'Bench.task', payload: '[{"to":"a@b.c"}]', enqueuedAt: Date.now() });
}

async function measure() {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  const pairs = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const modes = pair % 2 === 0 ? ['with', 'without'] : ['without', 'with'];
    const measured = {};
    for (const mode of modes) measured[mode] = await measureProcess(server, redis, mode);
    pairs.push(measured);
  }
  report(pairs);
  redis.disconnect();
  await server.stop();
}

/** Microseconds of processor for one task in the last turn. */
async function measureProcess(server, redis, mode) {
  await redis.flushall();
  const worker = fork(process.argv[1], [server.url, mode]);
  await once(worker, 'message');
  let measured;
  for (const tasks of TURNS) measured = await turnOf(redis, mode, worker, tasks);
  const ended = once(worker, 'exit');
  worker.kill();
  await ended;
  return measured;
}

async function turnOf(redis, namespace, worker, tasks) {
  const ids = new TaskIdSequence();
  worker.send(tasks);
  await once(worker, 'message');
  for (let sent = 0; sent < tasks; sent += BATCH) {
    const messages = Array.from({ length: BATCH }, () => messageOf(ids));
    await redis.rpush(`{${namespace}}:queue:default`, ...messages);
  }
  const before = await redisUs(redis);
  const counted = once(worker, 'message');
  await redis.rpush(`{${namespace}}:bell:default`, '1');
  const [us] = await counted;
  return { child: us / tasks, redis: ((await redisUs(redis)) - before) / tasks };
}

async function redisUs(redis) {
  const seconds = [...(await redis.info('cpu')).matchAll(/used_cpu_(?:sys|user)_main_thread:([\d.]+)/g)];
  return seconds.reduce((sum, [, value]) => sum + Number(value) * 1e6, 0);
}

function report(pairs) {
  const parts = {
    child: ({ child }) => child,
    Redis: ({ redis }) => redis,
    both: ({ child, redis }) => child + redis,
  };
  for (const [name, of] of Object.entries(parts)) {
    const [on, off] = ['with', 'without'].map((mode) => meanOf(pairs.map((pair) => of(pair[mode]))).mean);
    const { mean, error } = meanOf(pairs.map((pair) => of(pair.with) / of(pair.without)));
    const figures = `${on.toFixed(2)} us a task with metrics, ${off.toFixed(2)} without`;
    console.log(`${name}: ${figures}: ${mean.toFixed(3)} times, give or take ${error.toFixed(3)}`);
  }
}

/** Without the tenth that lies farthest from the median. */
function meanOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[sorted.length >> 1];
  const near = values
    .toSorted((a, b) => Math.abs(a - median) - Math.abs(b - median))
    .slice(0, Math.ceil(0.9 * values.length));
  const mean = near.reduce((sum, value) => sum + value, 0) / near.length;
  const variance = near.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (near.length - 1);
  return { mean, error: Math.sqrt(variance / near.length) };
}
