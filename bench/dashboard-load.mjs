/**
 * The load of the dashboard on the app and on Redis, with nothing in it and with very much: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/dashboard-load.mjs
 *
 * A private server holds an empty namespace, and one with 100 queues and 2,000,000 pending tasks, which is then full: 1,000,000 dead and
 * 100,000 scheduled tasks, 4 workers of 8 children that run 320 tasks, the counts of an hour, and 60 limits, of which one has 100,000
 * keys: a task of each waits, 2,000 have something of their own, and 5,000 are held. The dashboard runs in a process of its own.
 *
 * - The first page: all requests that a browser makes for the overview, in turns with those of an empty namespace. Processor time of the
 *   app and of Redis.
 * - Commands a second that clients send, while 1 and 50 tabs look at the overview, and while 50 look at all screens.
 * - The longest steps of Redis while all screens are read, searches and previews included. A step that the machine interrupts looks
 *   long, so each is read several times: the lowest of its times counts.
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { QueueDashboardModule } from '../dist/dashboard/index.js';
import { limitKey } from '../dist/message/limit-tag.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { encodeCounts, noCounts, observe } from '../dist/task/task-counts.js';
import { RedisServer } from '../dist/testing/redis-server.js';

const QUEUES = Array.from({ length: 100 }, (_, at) => `queue-${at + 1_000}`);
const [BUSY, DEADLY] = QUEUES;
/** Its tasks wait for their limit, each for a key of its own. */
const LIMITED = QUEUES.at(-1);
const LIMITS = Array.from({ length: 60 }, (_, at) => `limit-${at + 100}`);
const [LIMIT] = LIMITS;
const KEYS = 100_000;
const OWN_KEYS = 2_000;
const HELD_KEYS = 5_000;
const OWN_BATCH = 500;
const PENDING = 2_000_000;
const DEAD = 1_000_000;
const SCHEDULED = 100_000;
const WORKERS = 4;
const CHILDREN = 8;
const BATCH = 5_000;
/** Namespaces, by the beginning of the names that the dashboard has for them. */
const KINDS = { empty: 'load-empty', pending: 'load-full', full: 'load-full' };
const ROUNDS = 15;
/** The code is cold in the first turns. */
const WARM_UP = 10;
const TABS = [1, 50];
const WATCH_MS = 30_000;
/** All that a dashboard keeps of slow answers is old after this time. */
const KEPT_MS = 45_000;
const REPEATS = 5;
const ERRORS = [
  'connect ECONNREFUSED 10.0.0.7:25',
  'no such template',
  'timeout of 5000 ms',
  'no user 17',
  'out of paper',
];
const STACK = `\n${Array.from({ length: 8 }, (_, at) => `    at method${at} (/app/dist/mail/mail.tasks.js:${at}:17)`).join('\n')}`;

/** What a browser asks for when it opens the overview. */
const FILES = ['', 'assets/main.js', 'assets/style.css', 'assets/icon.svg'];
const OVERVIEW = [
  { path: 'history', query: { span: 'hour' }, everyMs: 20_000 },
  { path: 'dead/groups', query: { since: '24h', look: 100 }, everyMs: 15_000 },
];
/** Of each screen the requests that it repeats, with the time between two of them in ms. */
const SCREENS = [
  ...OVERVIEW,
  { path: 'queue', query: { queue: BUSY, span: 'hour' }, everyMs: 5_000 },
  { path: 'tasks', query: {}, everyMs: 4_000 },
  { path: 'tasks', query: { state: 'dead' }, everyMs: 4_000 },
  { path: 'scheduled', query: {}, everyMs: 4_000 },
  { path: 'dead/groups', query: {}, everyMs: 5_000 },
  { path: 'dead/list', query: { error: 'ECONNREFUSED', limit: 10 }, everyMs: 10_000 },
  { path: 'names', query: { span: 'hour' }, everyMs: 15_000 },
  { path: 'name', query: { task: 'Mail.send', span: 'hour' }, everyMs: 15_000 },
  { path: 'crons', query: {}, everyMs: 60_000 },
  { path: 'actions', query: {}, everyMs: 5_000 },
  { path: 'limits', query: {}, everyMs: 4_000 },
  { path: 'limit', query: { name: LIMIT }, everyMs: 2_000 },
  { path: 'limit/keys', query: { name: LIMIT }, everyMs: 2_000 },
  { path: 'limit/key', query: { name: LIMIT, key: keyAt(7) }, everyMs: 2_000 },
];
/** What people ask for once. */
const SEARCHES = [
  { path: 'limits/set', query: { limit: LIMIT, key: keyAt(7) } },
  { path: 'limits/set', query: { limit: `queue ${BUSY}` } },
  { path: 'limit', query: { name: `queue ${BUSY}` } },
  { path: 'history', query: { span: 'day' } },
  { path: 'history', query: { span: 'week' } },
  { path: 'queue', query: { queue: BUSY, span: 'week' } },
  { path: 'tasks', query: { q: 'nothing-has-this' } },
  { path: 'tasks', query: { q: 'nothing-has-this', state: 'dead' } },
  { path: 'tasks', query: { text: 'nothing-has-this', state: 'pending' } },
  { path: 'tasks', query: { task: 'No.such', state: 'pending' } },
  { path: 'dead/list', query: { error: 'nothing-has-this' } },
  { path: 'dead/preview', query: { error: 'ECONNREFUSED' } },
  { path: 'dead/preview', query: { queue: DEADLY, since: '24h' } },
  { path: 'queues/purge/preview', query: { queue: BUSY } },
  { path: 'send/names', query: {} },
];

const ids = new TaskIdSequence();

function keyAt(number) {
  return `customer-${number}`;
}

function messages(count, queue) {
  return Array.from({ length: count }, (_, at) => {
    const id = ids.next();
    const name = at % 2 === 0 ? 'Mail.send' : 'Mail.bounce';
    return [id, encodeMessage({ id, name, queue, payload: '[{"to":"a@b.c"}]', enqueuedAt: Date.now() - 3_600_000 })];
  });
}

/** Queues with pending tasks. */
async function fillPending(redis, key) {
  const catalog = QUEUES.flatMap((queue) => [`@${queue}`, JSON.stringify({ queue })]);
  await redis.hset(
    `${key}catalog`,
    ...catalog,
    'Mail.send',
    `{"queue":"${BUSY}"}`,
    'Mail.bounce',
    `{"queue":"${BUSY}"}`,
  );
  for (let sent = 0; sent < PENDING; sent += BATCH) {
    // half of them in one queue
    const queue = sent % (2 * BATCH) === 0 ? BUSY : QUEUES[(sent / BATCH) % (QUEUES.length - 1)];
    await redis.rpush(`${key}queue:${queue}`, ...messages(BATCH).map(([, message]) => message));
  }
}

/** All else: workers, dead and scheduled tasks, counts. */
async function fillRest(redis, broker, key) {
  for (let worker = 0; worker < WORKERS; worker += 1) await startWorker(broker, worker);
  const now = Date.now();
  for (let at = 0; at < DEAD; at += BATCH)
    await bury(redis, key, at % (4 * BATCH) === 0 ? BUSY : DEADLY, now - DEAD + at);
  for (let at = 0; at < SCHEDULED; at += BATCH) {
    const entries = messages(BATCH, BUSY).flatMap(([, message], index) => [now + 3_600_000 + at + index, message]);
    await redis.zadd(`${key}scheduled:${BUSY}`, ...entries);
  }
  await count(redis, key);
  await fillLimits(redis, broker, key);
}

/** Limits, of which one is set to 0 for all keys, so that a task of each key waits in a line of its own. */
async function fillLimits(redis, broker, key) {
  const child = await startLimiting(broker);
  const rule = { keyed: true, most: 0, forMs: undefined, by: 'anna', intervalUs: undefined, burst: undefined };
  await broker.limitRules.set({ ...rule, name: LIMIT, key: undefined });
  for (let at = 0; at < KEYS; at += BATCH) {
    const keys = Array.from({ length: BATCH }, (_, index) => keyAt(at + index));
    const sent = keys.map((each) => limitedMessage(each));
    await broker.enqueueLimited(LIMITED, sent, { labels: keys.flatMap((each) => [limitKey(LIMIT, each), each]) });
  }
  // a claim looks at some tasks of the queue, and puts those into their lines
  for (let number = 1; (await redis.llen(`${key}queue:${LIMITED}`)) > 0; number += 1)
    await broker.claim(child, { number, limit: 8, limited: 8, acks: [] });
  for (let at = 0; at < OWN_KEYS; at += OWN_BATCH) {
    const numbers = Array.from({ length: OWN_BATCH }, (_, index) => at + index);
    await Promise.all(
      numbers.map((each) => broker.limitRules.set({ ...rule, name: LIMIT, most: 3, key: keyAt(2 * KEYS + each) })),
    );
  }
  const held = Array.from({ length: HELD_KEYS }, (_, at) => [limitKey(LIMIT, keyAt(KEYS + at)), '1']);
  await redis.hset(`${key}slots`, ...held.flat());
  const waiting = await redis.zcard(`${key}waiters`);
  if (waiting !== KEYS) throw new Error(`${waiting} lines wait.`);
}

/** A child of a worker that declares all limits. */
async function startLimiting(broker) {
  const session = 'limiting-3600000';
  const limits = LIMITS.map((name) => ({ name, concurrency: 5, keyed: true, ordered: false }));
  const rest = { leaseMs: 3_600_000, catalog: [], host: 'bench', pid: 9 };
  await broker.openSession({ ...rest, session, queues: [LIMITED], limits });
  await broker.register(session, `${session}.1`);
  return { session, child: `${session}.1`, queues: [LIMITED] };
}

function limitedMessage(key) {
  const tags = `l${limitKey(LIMIT, key)}`;
  return encodeMessage({ id: ids.next(), name: 'Mail.send', payload: '["a"]', enqueuedAt: Date.now(), tags });
}

async function bury(redis, key, queue, from) {
  const [dead, records] = [[], []];
  for (const [index, [id, message]] of messages(BATCH).entries()) {
    const error = `Error: ${ERRORS[index % ERRORS.length]}`;
    const report = {
      code: 'TASK_FAILED',
      task: 'Mail.send',
      error,
      stack: error + STACK,
      attempt: 4,
      host: 'web-1',
      pid: 7,
    };
    dead.push(from + index, id);
    records.push(id, `${JSON.stringify(report)}\n${message}`);
  }
  await redis.zadd(`${key}dead:${queue}`, ...dead);
  await redis.hset(`${key}dead-records:${queue}`, ...records);
}

async function startWorker(broker, number) {
  const session = `session-${number}-3600000`;
  await broker.openSession({
    session,
    leaseMs: 3_600_000,
    queues: QUEUES,
    catalog: [],
    host: 'bench',
    pid: number + 1,
  });
  const children = Array.from({ length: CHILDREN }, (_, at) => ({
    pid: 100 * number + at,
    state: 'running',
    upMs: 60_000,
    bytes: 120_000_000,
    running: 10,
    active: Array.from({ length: 10 }, () => ({ id: ids.next(), name: 'Mail.send', forMs: 5_000 })),
  }));
  for (const { pid } of children) await broker.register(session, `${session}.${pid}`);
  const digest = { state: 'running', inProcess: false, upMs: 60_000, bytes: 90_000_000, restarted: 0, restarts: [] };
  await broker.workers.publish(session, { ...digest, forked: CHILDREN, children }, 3_600_000);
}

/** Counts of 20 names of tasks and the depths of all queues in every minute of the last hour. */
async function count(redis, key) {
  const minute = Math.floor(Date.now() / 60_000);
  for (let ago = 0; ago < 60; ago += 1) {
    const fields = Array.from({ length: 20 }, (_, at) => [
      `${QUEUES[at % 10]} Mail.task${at}`,
      encodeCounts(countsOf(99)),
    ]);
    await redis.hset(`${key}metrics:${minute - ago}`, ...fields.flat());
  }
}

/** Some of them took long. */
function countsOf(done) {
  const counts = { ...noCounts(), started: done + 1, done, failed: 1 };
  for (let at = 0; at < done; at += 1) {
    observe(counts.duration, 4 ** (at % 6));
    observe(counts.waiting, 3 ** (at % 6));
  }
  return counts;
}

/** The app, in a process of its own: all names are of one of two namespaces, so that each has a first page. */
async function serve(url) {
  const entries = Object.entries(KINDS).flatMap(([kind, namespace]) =>
    Array.from({ length: ROUNDS + WARM_UP + 1 }, (_, at) => [`${kind}-${at}`, { redis: url, namespace }]),
  );
  const namespaces = Object.fromEntries(entries);
  const dashboard = QueueDashboardModule.forRoot({ access: 'public', can: () => true, namespaces });
  class AppModule {}
  Module({ imports: [dashboard] })(AppModule);
  const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  process.on('message', () => process.send(process.cpuUsage()));
  process.once('disconnect', () => void app.close());
  process.send(`${await app.getUrl()}/queues`);
}

async function measure() {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  const broker = new RedisBroker({
    redis: server.url,
    namespace: 'load-full',
    queues: QUEUES,
    commandTimeoutMs: 60_000,
  });
  await broker.connect();
  console.log('Fills the namespace ...');
  await fillPending(redis, '{load-full}:');
  const app = fork(fileURLToPath(import.meta.url), ['serve', server.url]);
  const [base] = await once(app, 'message');
  const dashboard = { app, base, redis, port: Number(new URL(server.url).port) };
  try {
    await firstPages(dashboard, 'pending');
    await fillRest(redis, broker, '{load-full}:');
    await firstPages(dashboard, 'full');
    for (const tabs of TABS) await watched(dashboard, `${tabs} tabs of the overview`, Array(tabs).fill(OVERVIEW));
    const many = Array.from({ length: TABS.at(-1) }, (_, at) => [SCREENS[at % SCREENS.length]]);
    await watched(dashboard, `${many.length} tabs of all screens`, many);
    await longestSteps(dashboard);
  } finally {
    app.disconnect();
    await once(app, 'exit');
    await broker.close();
    redis.disconnect();
    await server.stop();
  }
}

/** When nobody has looked since the app started, and when somebody looked a while ago: counts of the last hour are kept. */
async function firstPages(dashboard, kind) {
  for (const when of ['after the start', 'later']) {
    const measured = { empty: [], [kind]: [] };
    for (let turn = 0; turn < ROUNDS + WARM_UP; turn += 1) {
      for (const [one, costs] of Object.entries(measured)) {
        // connects, and makes the page ready for the first time
        await ask(dashboard, `${one}-${turn}`, { path: 'send/names', query: {} });
        const cost = await costOf(dashboard, () => firstPage(dashboard, one, turn));
        if (turn >= WARM_UP) costs.push(cost);
      }
    }
    for (const what of ['app', 'redis', 'both']) {
      const [empty, large] = Object.values(measured).map((costs) => spanOf(costs.map((cost) => cost[what])));
      const words = ({ low, middle, high }) => `${inMs(middle)} ms (${inMs(low)} to ${inMs(high)})`;
      const ratio = (large.middle / empty.middle).toFixed(2);
      console.log(`first page ${when}, ${what}: empty ${words(empty)}, ${kind} ${words(large)}, ${ratio} times`);
    }
    if (when === 'later') return;
    await delay(KEPT_MS);
  }
}

function spanOf(values) {
  values.sort((a, b) => a - b);
  return { low: values[0], middle: values[values.length >> 1], high: values.at(-1) };
}

const inMs = (us) => (us / 1_000).toFixed(1);

/** All that a browser asks for until the overview is whole. */
async function firstPage(dashboard, kind, turn) {
  const namespace = `${kind}-${turn}`;
  for (const file of [...FILES, 'api/session']) {
    const response = await fetch(`${dashboard.base}/${file}`);
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    await response.arrayBuffer();
  }
  const stream = await Tab.open(dashboard, namespace);
  // an empty one shows the first steps in their place
  if (kind !== 'empty')
    await Promise.all(OVERVIEW.slice(0, kind === 'full' ? 2 : 1).map((request) => ask(dashboard, namespace, request)));
  stream.close();
}

/** Microseconds of processor time. */
async function costOf({ app, redis }, act) {
  const before = [await usedByApp(app), await usedByRedis(redis)];
  await act();
  const [cpu, store] = [(await usedByApp(app)) - before[0], (await usedByRedis(redis)) - before[1]];
  return { app: cpu, redis: store, both: cpu + store };
}

async function usedByApp(app) {
  app.send('usage');
  const [{ user, system }] = await once(app, 'message');
  return user + system;
}

async function usedByRedis(redis) {
  const times = (await redis.info('cpu')).matchAll(/^used_cpu_(?:sys|user)_main_thread:([\d.]+)/gm);
  return [...times].reduce((sum, [, seconds]) => sum + 1_000_000 * Number(seconds), 0);
}

async function ask({ base }, namespace, { path, query }) {
  const response = await fetch(`${base}/api/${path}?${new URLSearchParams({ ...query, in: namespace })}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return text;
}

/** The stream of events of a tab, and the requests that it repeats. */
class Tab {
  #stop = new AbortController();
  #timers = [];

  /** Resolves when the first status is there. */
  static async open({ base }, namespace) {
    const tab = new Tab();
    const response = await fetch(`${base}/api/live?in=${namespace}`, { signal: tab.#stop.signal });
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (let text = ''; !/^event: snapshot[\s\S]*\n\n/m.test(text); ) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The stream ends without a status: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
    void tab.#readOn(reader);
    return tab;
  }

  async #readOn(reader) {
    while (!(await reader.read().catch(() => ({ done: true }))).done);
  }

  repeat(dashboard, namespace, requests) {
    for (const request of requests) {
      const askNow = () => ask(dashboard, namespace, request);
      void askNow();
      this.#timers.push(setInterval(askNow, request.everyMs));
    }
  }

  close() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stop.abort();
  }
}

/** How many commands the clients of Redis send a second while these tabs are open. */
async function watched(dashboard, what, tabs) {
  const namespace = `full-${ROUNDS + WARM_UP}`;
  const open = [];
  for (const requests of tabs) {
    const tab = await Tab.open(dashboard, namespace);
    tab.repeat(dashboard, namespace, requests);
    open.push(tab);
    // people do not open them at one moment
    await delay(1_000 / tabs.length);
  }
  const socket = connect(dashboard.port, '127.0.0.1');
  const [lines, commands] = [createInterface({ input: socket }), new Map()];
  lines.on('line', (line) => {
    const [, command] = /^\+[\d.]+ \[\d+ [\d.:]+\] "(\w+)"/.exec(line) ?? [];
    if (command !== undefined) commands.set(command, (commands.get(command) ?? 0) + 1);
  });
  socket.write('MONITOR\r\n');
  await delay(WATCH_MS);
  socket.destroy();
  for (const tab of open) tab.close();
  const total = [...commands.values()].reduce((sum, number) => sum + number, 0);
  const parts = [...commands].map(([command, number]) => `${command} ${number}`).join(', ');
  console.log(
    `${what}: ${(total / (WATCH_MS / 1_000)).toFixed(1)} commands a second (${parts} in ${WATCH_MS / 1_000} s)`,
  );
}

/**
 * Each request in several namespaces that are one: none of them is answered from what was kept. It takes the same steps each time, and
 * the machine interrupts others.
 */
async function longestSteps(dashboard) {
  const { redis } = dashboard;
  await redis.config('SET', 'slowlog-log-slower-than', '0', 'slowlog-max-len', '20000');
  const longest = [];
  for (const request of [{ path: 'snapshot', query: {} }, ...SCREENS, ...SEARCHES]) {
    const times = [];
    for (let time = 0; time < REPEATS; time += 1) times.push(await stepsOf(dashboard, `full-${time}`, request));
    const count = Math.min(...times.map((steps) => steps.length));
    const steps = Array.from({ length: count }, (_, at) => Math.min(...times.map((steps) => steps[at])));
    longest.push({ us: Math.max(...steps), most: Math.max(...times.flat()), count, request });
  }
  longest.sort((a, b) => b.us - a.us);
  for (const { us, most, count, request } of longest.slice(0, 8)) {
    const what = `${request.path}?${new URLSearchParams(request.query)}`;
    console.log(`${what}: ${count} steps of at most ${inMs(us)} ms, with interruptions ${inMs(most)} ms`);
  }
}

/** The times of the commands that the dashboard sends for a request, in their order. */
async function stepsOf({ redis, ...dashboard }, namespace, request) {
  await redis.slowlog('RESET');
  await ask(dashboard, namespace, request);
  const log = await redis.slowlog('GET', 20_000);
  const others = new Set(['slowlog', 'config', 'info']);
  const own = log.filter(([, , , [command]]) => !others.has(command.toLowerCase()));
  return own.sort(([a], [b]) => a - b).map(([, , us]) => us);
}

if (process.argv[2] === 'serve') await serve(process.argv[3]);
else await measure();
