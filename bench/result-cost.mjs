/**
 * The cost of results: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/result-cost.mjs
 *
 * Throughput: pairs of processes take turns. Each runs a full queue of no-op tasks empty, at concurrency 10 on a private server, with
 * the claim loop of a child: one half of them with tasks that keep their result, one half without. Counted is the time from the first
 * claim to the last end.
 *
 * Latency: one process sends to a worker that is idle, which blocks on the bell, in turns `delay()`, until its handler starts, and `run()`, until it resolves.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { QueueClient } from '../dist/client/queue-client.js';
import { encodeResultTag } from '../dist/message/result-tag.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { TaskRegistry } from '../dist/task/task-registry.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { answerTurns } from './claiming-child.mjs';

const PAIRS = 9;
/** In the first turn V8 optimizes. */
const TURNS = [40_000, 80_000];
const CALLS = 1_000;
const BATCH = 10_000;
const QUEUES = ['default'];
const CONCURRENCY = 10;

const [, , url, namespace] = process.argv;
if (namespace === undefined) await measure();
else await work();

function now() {
  return performance.timeOrigin + performance.now();
}

function brokerOf(redis, namespace) {
  return new RedisBroker({ redis, namespace, queues: QUEUES, commandTimeoutMs: 60_000 });
}

/** A process that claims until it is ended. Reports the start of a single task, and the time for a number of them. */
function work() {
  const handler = async ([{ probe }]) => {
    if (probe) process.send(now());
    return { ok: true };
  };
  return answerTurns({ url, namespace, concurrency: CONCURRENCY, handler }, () => {
    const before = performance.now();
    return () => performance.now() - before;
  });
}

async function measure() {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  const ratios = [];
  const rates = { kept: [], plain: [] };
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const measured = {};
    for (const mode of pair % 2 === 0 ? ['kept', 'plain'] : ['plain', 'kept']) {
      measured[mode] = await throughput(server, redis, mode);
      rates[mode].push(measured[mode]);
    }
    ratios.push(measured.kept / measured.plain);
  }
  console.log(`with a result    ${shown(rates.kept)} tasks a second`);
  console.log(`without          ${shown(rates.plain)} tasks a second`);
  console.log(
    `ratio            ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
  );
  await latency(server, redis);
  redis.disconnect();
  await server.stop();
}

/** Tasks a second in the last turn. */
async function throughput(server, redis, mode) {
  await redis.flushall();
  const worker = fork(process.argv[1], [server.url, mode]);
  await once(worker, 'message');
  const ids = new TaskIdSequence();
  const tags = mode === 'kept' ? encodeResultTag({ seconds: 60, announced: true }) : undefined;
  const call = { name: 'Bench.task', payload: '[{"to":"a@b.c"}]', enqueuedAt: Date.now(), tags };
  let rate = 0;
  for (const tasks of TURNS) {
    worker.send(tasks);
    await once(worker, 'message');
    // hidden from the worker until all are there
    for (let sent = 0; sent < tasks; sent += BATCH) {
      const messages = Array.from({ length: BATCH }, () => encodeMessage({ ...call, id: ids.next() }));
      await redis.rpush(`{${mode}}:filling`, ...messages);
    }
    const begun = once(worker, 'message');
    await redis
      .multi()
      .rename(`{${mode}}:filling`, `{${mode}}:queue:default`)
      .rpush(`{${mode}}:bell:default`, '1')
      .exec();
    const started = performance.now();
    await begun;
    rate = (tasks / (performance.now() - started)) * 1_000;
  }
  worker.kill();
  await once(worker, 'exit');
  return rate;
}

async function latency(server, redis) {
  await redis.flushall();
  const worker = fork(process.argv[1], [server.url, 'latency']);
  await once(worker, 'message');
  const broker = brokerOf(server.url, 'latency');
  await broker.connect();
  const queue = new QueueClient(broker, new TaskRegistry(), { queues: QUEUES, defaultQueue: 'default' });
  const task = queue.task('Bench.task').with({ queue: 'default' });
  const [starts, runs] = [[], []];
  for (let call = 0; call < CALLS; call += 1) {
    await idle(redis);
    const started = once(worker, 'message');
    const sentAt = now();
    await task.delay({ probe: true });
    const [startedAt] = await started;
    starts.push(startedAt - sentAt);
    await idle(redis);
    const runAt = now();
    await task.run({ to: 'a@b.c' });
    runs.push(now() - runAt);
  }
  console.log(`delay() to start p50 ${median(starts).toFixed(2)} ms`);
  console.log(
    `run()            p50 ${median(runs).toFixed(2)} ms, ${(median(runs) / median(starts)).toFixed(2)} times as much`,
  );
  await broker.close();
  worker.kill();
  await once(worker, 'exit');
}

/** Until the worker has ended all that came before, and blocks on the bell. */
async function idle(redis) {
  while (!/blocked_clients:[1-9]/.test(await redis.info('clients')));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function shown(values) {
  return `${Math.round(median(values) / 100) / 10}k (${Math.round(Math.min(...values) / 100) / 10}k to ${Math.round(Math.max(...values) / 100) / 10}k)`;
}
