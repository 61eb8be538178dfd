/**
 * The cost of sealed and compressed payloads: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/sealing-cost.mjs
 *
 * Processes take turns on a private server. Each runs a full queue of no-op tasks empty, at concurrency 10, with the claim loop of a
 * child, and each round has one for every kind of payload: 100 bytes and 10 KB, in clear, sealed, and compressed. Counted is the time from
 * the first claim to the last end, the processor time of the process for a task, and that of encoding a call.
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { encodePayload } from '../dist/payload/payload.js';
import { PayloadCodec } from '../dist/payload/payload-codec.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { answerTurns } from './claiming-child.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const CONCURRENCY = 10;
const TASK = 'Bench.task';
const BATCH = 1_000;
const SIZES = { '100 B': { bytes: 100, tasks: [20_000, 40_000] }, '10 KB': { bytes: 10_000, tasks: [4_000, 8_000] } };
const KINDS = ['clear', 'sealed', 'compressed', 'both'];

const [, , url, kind, key] = process.argv;
if (url === undefined) await measure();
else await work();

function codecOf(kind, key) {
  const compressFrom = kind === 'compressed' || kind === 'both' ? 1_000 : undefined;
  const isSealed = kind === 'sealed' || kind === 'both';
  return { isSealed, codec: new PayloadCodec({ keys: isSealed ? [Buffer.from(key, 'hex')] : [], compressFrom }) };
}

function work() {
  const { codec: payloads } = codecOf(kind, key);
  const settings = { url, namespace: 'bench', concurrency: CONCURRENCY, handler: async () => {}, payloads };
  return answerTurns(settings, () => {
    const before = process.cpuUsage();
    return (tasks) => {
      const { user, system } = process.cpuUsage(before);
      return (user + system) / tasks;
    };
  });
}

async function measure() {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  for (const [size, setting] of Object.entries(SIZES)) {
    const measured = Object.fromEntries(KINDS.map((kind) => [kind, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      const order = round % 2 === 0 ? KINDS : [...KINDS].reverse();
      for (const kind of order) measured[kind].push(await turn(server, redis, kind, setting));
    }
    for (const kind of KINDS) {
      const [rates, worked, encoded] = ['rate', 'worked', 'encoded'].map((field) =>
        measured[kind].map((one) => one[field]),
      );
      const ratios = rates.map((rate, round) => rate / measured.clear[round].rate);
      console.log(
        `${size} ${kind.padEnd(10)} ${shown(ratios)} of the throughput in clear (${Math.round(median(rates))} tasks/s), ${median(worked).toFixed(1)} us of the worker a task, ${median(encoded).toFixed(1)} us to encode a call, ${measured[kind][0].length} bytes`,
      );
    }
  }
  redis.disconnect();
  await server.stop();
}

async function turn(server, redis, kind, { bytes, tasks: turns }) {
  await redis.flushall();
  const key = randomBytes(32).toString('hex');
  const worker = fork(process.argv[1], [server.url, kind, key]);
  await once(worker, 'message');
  const { codec, isSealed } = codecOf(kind, key);
  const ids = new TaskIdSequence();
  // as text compresses: half of it repeats
  const text = randomBytes(bytes / 4)
    .toString('hex')
    .padEnd(bytes, 'lorem ipsum ');
  let result = {};
  for (const tasks of turns) {
    worker.send(tasks);
    await once(worker, 'message');
    let [encoded, length] = [0, 0];
    // hidden from the worker until all are there
    for (let sent = 0; sent < tasks; sent += BATCH) {
      const before = process.cpuUsage();
      const messages = Array.from({ length: BATCH }, () => {
        const payload = codec.encode(encodePayload([text]), TASK, isSealed);
        return encodeMessage({ id: ids.next(), name: TASK, payload, enqueuedAt: Date.now() });
      });
      const { user, system } = process.cpuUsage(before);
      encoded += user + system;
      length = messages[0].length;
      await redis.rpush('{bench}:filling', ...messages);
    }
    const ended = once(worker, 'message');
    await redis.multi().rename('{bench}:filling', '{bench}:queue:default').rpush('{bench}:bell:default', '1').exec();
    const started = performance.now();
    const [worked] = await ended;
    result = { rate: (tasks / (performance.now() - started)) * 1_000, worked, encoded: encoded / tasks, length };
  }
  worker.kill();
  await once(worker, 'exit');
  return result;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function shown(values) {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}
