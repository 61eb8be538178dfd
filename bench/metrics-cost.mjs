/**
 * The cost of the metrics for each task: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/metrics-cost.mjs
 *
 * Two processes, one with metrics and one without, take turns: each runs full queues of no-op tasks empty, at concurrency 1 on a
 * private server, with the claim loop of a child. Counted is the processor time of a process and of the main thread of Redis,
 * up to two seconds after the last task, so that the flush of its counts is in it. A machine disturbs some turns, and V8 compiles
 * each process a little differently: so of each process its least disturbed turn counts, and of all processes the median.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { ScoreboardWriter } from '../dist/ipc/scoreboard-writer.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { PolicyBook } from '../dist/policy/policy-book.js';
import { TaskRegistry } from '../dist/task/task-registry.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { ClaimLoop } from '../dist/worker/claim-loop.js';
import { Executor } from '../dist/worker/executor.js';
import { LoopListeners } from '../dist/worker/loop-listeners.js';

const PROCESSES = 8;
const TURNS = 3;
/** As many as a child counts between two flushes, which come every two seconds. */
const TASKS = 100_000;
const FLUSHED_MS = 2_100;
const BATCH = 10_000;
/** Turns in which V8 optimizes. */
const WARM_UP = 1;
const QUEUES = ['default'];
const LEASE_MS = 3_600_000;

const [, , url, mode] = process.argv;
if (mode === undefined) await measure();
else await work(url, mode);

/** A process that claims until it is ended. Answers each message with its processor time, once its tasks are finished. */
async function work(url, mode) {
  let left = 0;
  const broker = new RedisBroker({ redis: url, namespace: mode, queues: QUEUES, commandTimeoutMs: 60_000 });
  const [session, child, catalog] = ['session', 'session.1', [{ name: 'Bench.task', queue: 'default' }]];
  await broker.connect();
  await broker.openSession({ session, leaseMs: LEASE_MS, queues: QUEUES, catalog, host: 'bench', pid: process.pid });
  await broker.register(session, child);
  const registry = new TaskRegistry();
  registry.add({
    name: 'Bench.task',
    queue: 'default',
    where: 'bench',
    origin: { type: Object, method: 'task', module: 'bench', decorator: '@Task()' },
    policyOf: new PolicyBook({}, new Map()).of({}, 'default', 'Bench.task'),
    handler: async () => {
      left -= 1;
      if (left === 0) process.emit('drained');
    },
  });
  const path = join(tmpdir(), `nestwork-bench-${process.pid}`);
  const scoreboard = openSync(path, 'w+');
  unlinkSync(path);
  const claimant = { session, child, queues: QUEUES };
  const listeners = new LoopListeners({ broker, claimant, catalog, hooks: [], metrics: mode === 'with' });
  const loop = new ClaimLoop({
    ...listeners.loop,
    broker,
    claimant,
    executor: new Executor(registry, []),
    concurrency: 1,
    maxTasks: 0,
    scoreboard: new ScoreboardWriter(1_000, scoreboard),
    onWorn: () => {},
    onLeaseLost: () => {},
  });
  process.on('message', async () => {
    const before = process.cpuUsage();
    left = TASKS;
    const drained = once(process, 'drained');
    process.send('counting');
    await drained;
    await delay(FLUSHED_MS);
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
  for (let pair = 0; pair < PROCESSES; pair += 1) pairs.push(await measurePair(server, redis, pair));
  report(pairs);
  redis.disconnect();
  await server.stop();
}

/** Microseconds of processor for one task, of two new processes. */
async function measurePair(server, redis, pair) {
  await redis.flushall();
  const modes = pair % 2 === 0 ? ['with', 'without'] : ['without', 'with'];
  const workers = modes.map((mode) => ({ mode, process: fork(process.argv[1], [server.url, mode]), turns: [] }));
  await Promise.all(workers.map((worker) => once(worker.process, 'message')));
  for (let turn = -WARM_UP; turn < TURNS; turn += 1) {
    for (const worker of workers) {
      const measured = await turnOf(redis, worker.mode, worker.process);
      if (turn >= 0) worker.turns.push(measured);
    }
  }
  for (const worker of workers) worker.process.kill();
  return new Map(workers.map(({ mode, turns }) => [mode, leastOf(turns)]));
}

function leastOf(turns) {
  const least = (of) => Math.min(...turns.map(of));
  return { child: least(({ child }) => child), redis: least(({ redis }) => redis) };
}

/** Microseconds of processor for one task. */
async function turnOf(redis, namespace, worker) {
  const ids = new TaskIdSequence();
  worker.send('go');
  await once(worker, 'message');
  for (let sent = 0; sent < TASKS; sent += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, TASKS - sent) }, () => messageOf(ids));
    await redis.rpush(`{${namespace}}:queue:default`, ...messages);
  }
  const before = await redisUs(redis);
  const counted = once(worker, 'message');
  await redis.rpush(`{${namespace}}:bell:default`, '1');
  const [us] = await counted;
  return { child: us / TASKS, redis: ((await redisUs(redis)) - before) / TASKS };
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
    const [on, off] = ['with', 'without'].map((mode) => pairs.map((pair) => of(pair.get(mode))));
    const figures = `${textOf(on)} us a task with metrics, ${textOf(off)} without`;
    console.log(`${name}: ${figures}: ${(median(on) / median(off)).toFixed(3)} times`);
  }
}

function textOf(values) {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
