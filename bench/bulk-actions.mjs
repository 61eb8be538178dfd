/**
 * Actions on a million tasks at once: how many a second, and how long one step holds up Redis. docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/bulk-actions.mjs
 *
 * The time of a step is that of one script, which Redis itself counts (`INFO latencystats`), on a private server.
 */
import { Redis } from 'ioredis';
import { createInspector } from '../dist/inspector/create-inspector.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { RedisServer } from '../dist/testing/redis-server.js';

const TASKS = 1_000_000;
const BATCH = 5_000;
const KEY = '{nestwork}:';
const STACK = `\n${Array.from({ length: 8 }, (_, at) => `    at method${at} (/app/dist/mail/mail.tasks.js:${at}:17)`).join('\n')}`;
const BY = { by: 'bench' };

const server = await RedisServer.start();
const redis = new Redis(server.url);
const ids = new TaskIdSequence();
const inspector = await createInspector({ redis: server.url });

function messages(count) {
  return Array.from({ length: count }, (_, at) => {
    const id = ids.next();
    const name = at % 2 === 0 ? 'Mail.send' : 'Mail.bounce';
    return [id, encodeMessage({ id, name, payload: '[{"to":"a@b.c"}]', enqueuedAt: Date.now() - 3_600_000 })];
  });
}

/** Dead tasks, every second with an error that a text finds. */
async function fillDead() {
  const now = Date.now();
  for (let at = 0; at < TASKS; at += BATCH) {
    const [dead, records] = [[], []];
    for (const [index, [id, message]] of messages(BATCH).entries()) {
      const error = index % 2 === 0 ? 'Error: connect ECONNREFUSED 10.0.0.7:25' : 'TypeError: no such template';
      const report = {
        code: 'TASK_FAILED',
        task: 'Mail.send',
        error,
        stack: error + STACK,
        attempt: 4,
        host: 'web-1',
        pid: 7,
      };
      dead.push(now - TASKS + at + index, id);
      records.push(id, `${JSON.stringify(report)}\n${message}`);
    }
    await redis.zadd(`${KEY}dead:mail`, ...dead);
    await redis.hset(`${KEY}dead-records:mail`, ...records);
  }
}

async function fillPending() {
  for (let at = 0; at < TASKS; at += BATCH)
    await redis.rpush(`${KEY}queue:mail`, ...messages(BATCH).map(([, message]) => message));
}

async function measure(what, act) {
  await redis.config('RESETSTAT');
  const from = performance.now();
  const count = await act();
  const seconds = (performance.now() - from) / 1_000;
  const stats = await redis.info('latencystats');
  const [, steps = ''] = /latency_percentiles_usec_evalsha:(\S+)/.exec(stats) ?? [];
  const ms = [...steps.matchAll(/p([\d.]+)=([\d.]+)/g)].map(([, p, us]) => `p${p} ${(us / 1_000).toFixed(2)}`);
  console.log(`${what}: ${count} tasks, ${Math.round(count / seconds)} a second; a step takes ms: ${ms.join(', ')}`);
}

await redis.config('SET', 'latency-tracking-info-percentiles', '50 99 99.9 100');
await redis.hset(`${KEY}catalog`, '@mail', '{"queue":"mail"}', 'Mail.send', '{"queue":"mail"}');
await fillDead();
await measure(
  'redrive by a text',
  async () => (await inspector.dead.redriveAll({ error: 'ECONNREFUSED' }, BY)).redriven,
);
await measure('redrive all others', async () => (await inspector.dead.redriveAll({}, BY)).redriven);
await redis.del(`${KEY}queue:mail`);
await fillDead();
await measure('delete by a text', async () => (await inspector.dead.deleteAll({ error: 'ECONNREFUSED' }, BY)).deleted);
await measure('delete all others', async () => (await inspector.dead.deleteAll({}, BY)).deleted);
await fillPending();
await measure(
  'purge of one task name',
  async () => (await inspector.tasks.purge('mail', { task: 'Mail.send' }, BY)).purged,
);
await measure('purge of all others', async () => (await inspector.tasks.purge('mail', {}, BY)).purged);
await inspector.close();
redis.disconnect();
await server.stop();
