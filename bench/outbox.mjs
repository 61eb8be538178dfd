/**
 * The cost of the outbox: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/outbox.mjs
 *
 * On private servers, for PostgreSQL and MariaDB one after the other. First the time from a commit to the start of the task, and from a
 * direct `delay()`, in turns: an app that has its outbox relays in a process of its own, and another process runs the claim loop of a child.
 * Then the rows that a relay sends in a second, from a full table, several times. Last the statements of a transaction that sends, which the
 * connection of the app counts, and the commands that Redis sees meanwhile, which MONITOR counts.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { RedisBroker } from '../dist/broker/redis-broker.js';
import { OutboxLoop } from '../dist/maintenance/outbox-loop.js';
import { TaskIdSequence } from '../dist/message/task-id.js';
import { encodeMessage } from '../dist/message/task-message.js';
import { mysql2Outbox, outboxMigration, pgOutbox } from '../dist/outbox/index.js';
import { OutboxTable } from '../dist/outbox/outbox-table.js';
import { OutboxRelay } from '../dist/outbox/relay.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { loadDatabaseServers } from '../tools/database-servers.mjs';
import { claimingChild } from './claiming-child.mjs';

/** Commits, and as many calls without one. */
const CALLS = Number(process.env.CALLS ?? 300);
const ROWS = Number(process.env.ROWS ?? 50_000);
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const NAME = 'nestwork';
const TASK = 'ReportTasks.send';

const [, , role, redisUrl, databaseUrl] = process.argv;
if (role === 'worker') await work();
if (role === 'relay') await relay();
if (role === undefined) await measure();

async function measure() {
  const { PostgresServer, MariadbServer, POSTGRES, MARIADB } = await loadDatabaseServers();
  const ids = new TaskIdSequence();
  const message = () => {
    const id = ids.next();
    return encodeMessage({ id, name: TASK, payload: `["${id}",{"weekly":true}]`, enqueuedAt: Date.now(), tags: '' });
  };
  const figures = {};
  for (const [product, Server] of Object.entries({
    ...(POSTGRES && { PostgreSQL: PostgresServer }),
    ...(MARIADB && { MariaDB: MariadbServer }),
  })) {
    const [redis, database] = await Promise.all([RedisServer.start(), Server.start()]);
    const app = appOf(database.url);
    const table = new OutboxTable(app.outbox, NAME);
    for (const sql of outboxMigration(app.outbox.dialect)) await app.query(sql);
    const broker = await brokerOf(redis.url);
    const stage = { redis, database, app, table, broker, message };
    figures[product] = { ...(await latency(stage)), ...(await rate(stage)), ...(await statements(stage)) };
    await broker.close();
    await app.end();
    await Promise.all([redis.stop(), database.stop()]);
  }
  console.table(figures);
}

/** In ms: medians of calls in turns, so that both meet the same machine. */
async function latency({ redis, database, app, table, broker, message }) {
  const children = ['worker', 'relay'].map((each) => fork(process.argv[1], [each, redis.url, database.url]));
  const [worker] = children;
  const starts = new Map();
  worker.on('message', ([id, at]) => starts.get(id)?.(at));
  await Promise.all(children.map((child) => once(child, 'message')));
  const one = async (send) => {
    const text = message();
    const started = new Promise((resolve) => starts.set(text.slice(0, 20), resolve));
    const sent = await send(text);
    return (await started) - sent;
  };
  const direct = (text) => {
    const at = now();
    return broker.enqueue('default', [text]).then(() => at);
  };
  const committed = async (text) => {
    let at = 0;
    await app.transaction(
      (transaction) => table.add(transaction, [{ queue: 'default', message: text }]),
      () => {
        at = now();
      },
    );
    return at;
  };
  const times = { direct: [], committed: [] };
  // one that polls is slow
  const calls = database.url.startsWith('postgres') ? CALLS : CALLS / 10;
  for (let call = 0; call < calls; call += 1) {
    times.direct.push(await one(direct));
    times.committed.push(await one(committed));
    await pause(2);
  }
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => once(child, 'exit')));
  const [straight, within] = [times.direct, times.committed].map((all) => median(all.slice(calls / 10)));
  return {
    'direct to start, ms': round(straight),
    'commit to start, ms': round(within),
    times: round(within / straight),
  };
}

/** The best and the middle round. */
async function rate({ redis, table, broker, message }) {
  // the relay of the other process was ended in its turn
  const cleaner = new Redis(redis.url);
  await cleaner.flushall();
  cleaner.disconnect();
  const { listen: _, ...silent } = table.database;
  const quiet = new OutboxTable(silent, NAME);
  const rates = [];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (let at = 0; at < ROWS; at += 5_000) {
      const calls = Array.from({ length: 5_000 }, () => ({ queue: 'default', message: message() }));
      await quiet.transaction((transaction) => quiet.add(transaction, calls));
    }
    const one = new OutboxRelay({ table: quiet, broker: broker.outbox, onWake() {}, onWarning: fail, onError: fail });
    const startedAt = now();
    await one.round();
    rates.push((ROWS / (now() - startedAt)) * 1_000);
    await one.stop();
  }
  return { 'rows/s, best': Math.round(Math.max(...rates)), 'rows/s, median': Math.round(median(rates)) };
}

/** Of a transaction of the app that sends one task, without its BEGIN and COMMIT. */
async function statements({ redis, app, message }) {
  const probe = new Redis(redis.url);
  const monitor = await probe.monitor();
  let commands = 0;
  monitor.on('monitor', () => {
    commands += 1;
  });
  let executed = 0;
  const counting = new OutboxTable(
    {
      ...app.outbox,
      execute: (...given) => {
        executed += 1;
        return app.outbox.execute(...given);
      },
    },
    NAME,
  );
  await probe.ping();
  const before = commands;
  await app.transaction((transaction) => counting.add(transaction, [{ queue: 'default', message: message() }]));
  // MONITOR reports in order: what was sent earlier is counted
  const seen = once(monitor, 'monitor');
  await probe.ping();
  await seen;
  const during = commands - before - 1;
  monitor.disconnect();
  probe.disconnect();
  return { 'statements a task': executed, 'Redis calls in it': during };
}

/** A process that starts tasks, and reports when. */
async function work() {
  const { loop } = await claimingChild({
    url: redisUrl,
    namespace: NAME,
    session: `s${process.pid}-30000`,
    name: TASK,
    concurrency: 1,
    handler: async ([id]) => process.send([id, now()]),
  });
  process.send('ready');
  await loop.run();
}

/** A process that does nothing but relay. */
async function relay() {
  const broker = await brokerOf(redisUrl);
  const { outbox } = appOf(databaseUrl);
  const table = new OutboxTable(outbox, NAME);
  let isReady = false;
  const loop = new OutboxLoop({
    table,
    broker: broker.outbox,
    onWarning: fail,
    onError: fail,
    onSuccess: () => {
      if (!isReady) process.send('ready');
      isReady = true;
    },
  });
  loop.start();
}

function appOf(url) {
  return url.startsWith('postgres') ? postgres(url) : mariadb(url);
}

function postgres(connectionString) {
  const pool = new pg.Pool({ connectionString });
  pool.on('error', () => {});
  return {
    outbox: pgOutbox(pool),
    query: (sql) => pool.query(sql),
    end: () => pool.end(),
    async transaction(run, beforeCommit = () => {}) {
      const client = await pool.connect();
      await client.query('begin');
      await run(client);
      beforeCommit();
      await client.query('commit');
      client.release();
    },
  };
}

function mariadb(uri) {
  const pool = mysql.createPool({ uri });
  return {
    outbox: mysql2Outbox(pool),
    query: (sql) => pool.query(sql),
    end: () => pool.end(),
    async transaction(run, beforeCommit = () => {}) {
      const connection = await pool.getConnection();
      await connection.beginTransaction();
      await run(connection);
      beforeCommit();
      await connection.commit();
      connection.release();
    },
  };
}

async function brokerOf(url) {
  const broker = new RedisBroker({ redis: url, namespace: NAME, queues: ['default'], commandTimeoutMs: 60_000 });
  await broker.connect();
  return broker;
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

function now() {
  return performance.timeOrigin + performance.now();
}

function median(all) {
  return all.toSorted((a, b) => a - b)[all.length >> 1];
}

function round(value) {
  return Math.round(value * 100) / 100;
}
