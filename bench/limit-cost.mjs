/**
 * The cost of limits: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/limit-cost.mjs
 *
 * On a private server, one after the other: what a start costs Redis without a limit, with one key and with 100,000 keys of which each has
 * a concurrency and a rate, as microseconds of its scripts from the sending to the end of a task; the longest claim; and the bytes of a
 * task that waits and of a key that is idle. Then the time from the end of a handler that holds a lock to the start of the next one: two
 * processes run the claim loop of a child over tasks of one key.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { encodeDone } from '../dist/message/task-result.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { claimingChild } from './claiming-child.mjs';

const TASKS = Number(process.env.TASKS ?? 100_000);
const AT_ONCE = 8;
const QUEUES = ['default'];
const NAME = 'limits';
const TASK = 'ReportTasks.send';
/** Tasks of one key, for the time in which a slot is free. */
const IN_TURN = Number(process.env.IN_TURN ?? 1_000);

const [, , url] = process.argv;
if (url) await work();

const server = await RedisServer.start();
const redis = new Redis(server.url);
const broker = new RedisBroker({ redis: server.url, namespace: NAME, queues: QUEUES, commandTimeoutMs: 60_000 });
await broker.connect();
const ids = new TaskIdSequence();
await redis.config('SET', 'slowlog-max-len', '1000');

const kinds = {
  'no limit': () => '',
  'one key': () => `l${limitKey(0)}`,
  '100,000 keys': (at) => `l${limitKey(at)}`,
  'a tenant each': (at) => `o0000rs0${digest(`tenant ${at}`).slice(0, 20)}`,
};
const costs = {};
for (const [kind, tagsOf] of Object.entries(kinds)) {
  await redis.flushall();
  await redis.hset(`{${NAME}}:limits`, limitKey(0).slice(0, 6), `${kind === 'one key' ? 100 : 1} 10 10 0 {}`);
  const before = await bytes();
  costs[kind] = await costOf(kind, tagsOf, before);
}
console.table(costs);
console.log(`from a freed slot to the start of the next task, in ms: ${await freedSlot()}`);

await broker.close();
redis.disconnect();
await server.stop();

async function costOf(kind, tagsOf, before) {
  const limited = kind !== 'no limit';
  const [sent, waiting] = await measured(async () => {
    // each by a call of its own, as an app that answers requests does
    for (let at = 0; at < TASKS; at += 1) {
      const one = message(tagsOf(at));
      const labels = kind.includes('key') ? [limitKey(at), `customer-${at}`] : [];
      if (limited) await broker.enqueueLimited('default', [one], { labels });
      else await broker.enqueue('default', [one]);
    }
    return ((await bytes()) - before) / TASKS;
  });
  const child = await worker();
  await redis.slowlog('RESET');
  await redis.config('SET', 'slowlog-log-slower-than', '300');
  let acks = [];
  let number = 0;
  const [run] = await measured(async () => {
    for (let left = TASKS; left > 0; ) {
      number += 1;
      const { tasks } = await broker.claim(child, { number, limit: AT_ONCE, limited: AT_ONCE, acks });
      acks = [];
      left -= tasks.length;
      if (kind.includes('key'))
        await broker.results.finish(
          child,
          tasks.map(({ id }) => ({ id, result: encodeDone(1), limited: true })),
        );
      else acks = tasks.map(({ id }) => id);
    }
  });
  const slow = await redis.slowlog('GET', 1000);
  await redis.config('SET', 'slowlog-log-slower-than', '-1');
  const rates = await redis.zcard(`{${NAME}}:rates`);
  return {
    'us to send': round(sent),
    'us to start and end': round(run),
    'us in all': round(sent + run),
    'bytes waiting': Math.round(waiting),
    'longest us': Math.max(0, ...slow.map(([, , us]) => us)),
    rates,
    'bytes an idle key':
      rates > 0 ? Math.round((await redis.memory('USAGE', `{${NAME}}:rates`, 'SAMPLES', 0)) / rates) : 0,
  };
}

/** A process that runs tasks until it is ended, and reports when each has started and ended. */
async function work() {
  const handler = async () => {
    const started = now();
    await pause(2);
    process.send([started, now()]);
  };
  const session = `s${process.pid}-30000`;
  const { loop } = await claimingChild({ url, namespace: NAME, session, name: TASK, concurrency: 1, handler });
  process.send('ready');
  await loop.run();
}

/** The median, and the time within which 99 of 100 start. */
async function freedSlot() {
  await redis.flushall();
  await redis.hset(`{${NAME}}:limits`, limitKey(0).slice(0, 6), '1 - 1 0 {}');
  const runs = [];
  const workers = Array.from({ length: 2 }, () => fork(process.argv[1], [server.url]));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const all = new Promise((resolve) => {
    for (const worker of workers) worker.on('message', (run) => runs.push(run) === IN_TURN && resolve());
  });
  const messages = Array.from({ length: IN_TURN }, () => message(`l${limitKey(0)}`));
  await broker.enqueueLimited('default', messages, { labels: [] });
  await all;
  for (const worker of workers) worker.kill();
  runs.sort(([a], [b]) => a - b);
  const gaps = runs.slice(1).map(([started], at) => started - runs[at][1]);
  gaps.sort((a, b) => a - b);
  return `${gaps[gaps.length >> 1].toFixed(1)} (99 %: ${gaps[Math.floor(0.99 * gaps.length)].toFixed(1)})`;
}

function now() {
  return performance.timeOrigin + performance.now();
}

/** Redis microseconds a task in scripts, and what the run gave. */
async function measured(run) {
  await redis.config('RESETSTAT');
  const gave = await run();
  const stats = await redis.info('commandstats');
  const total = [...stats.matchAll(/cmdstat_(?:evalsha|eval):calls=\d+,usec=(\d+)/g)].reduce(
    (sum, [, us]) => sum + Number(us),
    0,
  );
  return [total / TASKS, gave];
}

function message(tags) {
  return encodeMessage({
    id: ids.next(),
    name: TASK,
    payload: '[7,{"weekly":true}]',
    enqueuedAt: Date.now(),
    tags,
  });
}

async function worker() {
  const session = `s${ids.next()}-30000`;
  await broker.openSession({ session, leaseMs: 3_000_000, queues: QUEUES, host: 'bench', pid: 1, catalog: [] });
  const child = `${session}.${ids.next()}`;
  await broker.register(session, child);
  return { session, child, queues: QUEUES };
}

async function bytes() {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
}

function limitKey(at) {
  return digest('stripe').slice(0, 6) + digest(`stripe ${at}`).slice(0, 21);
}

function digest(text) {
  return createHash('sha1').update(text).digest('base64url');
}

function round(us) {
  return Math.round(us * 10) / 10;
}
