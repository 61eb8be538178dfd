/**
 * How late runs of many crons come, and what they cost: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/cron-lateness.mjs [folder of another build, to compare with]
 *
 * On a private server, the builds in turns, several times. First 500 crons of one second (`* * * * * *` with a time zone) in two workers with
 * a child each: how long after its time a run came to its queue, by the clock of Redis (MONITOR), and started in a child, by the clock of
 * this machine, which is the same. BUSY=2 keeps two cores busy meanwhile. Then the loop of one supervisor alone, over intervals and over such
 * expressions: microseconds of Redis for a run (`INFO commandstats` of scripts), the time of a tick, and processor time of the process in it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

const CRONS = Number(process.env.CRONS ?? 500);
const PAIRS = Number(process.env.PAIRS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 20);
const TICKS = Number(process.env.TICKS ?? 10);
const BUSY = Number(process.env.BUSY ?? 0);
const WORKERS = 2;
/** Until they have booted and have been late for the last time. */
const WARM_SECONDS = 5;
const LATE = 'late';
const QUEUE = '{nestwork}:queue:default';
const OWN = fileURLToPath(new URL('..', import.meta.url));
const SCHEDULES = {
  intervals: { everyMs: 1_000 },
  expressions: { expression: '* * * * * *', timeZone: 'Europe/Paris' },
};

const [, , first, build, url, kind] = process.argv;
// none of them outlives a bench that fails
if (process.send) process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
if (first === 'worker') await work();
else if (first === 'loop') await loop();
else if (first === 'busy') keepBusy();
else await measure(first === undefined ? [OWN] : [resolve(first), OWN]);

async function measure(builds) {
  const { RedisServer } = await from(OWN, 'testing/redis-server.js');
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  const measured = new Map(builds.map((each) => [each, { fired: [], started: [], intervals: [], expressions: [] }]));
  for (let pair = 0; pair < PAIRS; pair += 1) {
    // the machine may become busier from one to the next
    for (const each of pair % 2 === 0 ? builds : builds.toReversed()) {
      const its = measured.get(each);
      const late = await lateness(server, redis, each);
      for (const what of ['fired', 'started']) its[what].push(late[what].sort((a, b) => a - b));
      for (const which of Object.keys(SCHEDULES)) its[which].push(await cost(server, redis, each, which));
    }
  }
  for (const [each, its] of measured) {
    console.log(each === OWN ? 'this build' : each);
    for (const what of ['fired', 'started']) console.log(`  ${what}, ms late: ${spread(its[what])}`);
    for (const which of Object.keys(SCHEDULES)) console.log(`  ${which}: ${costs(its[which])}`);
  }
  redis.disconnect();
  await server.stop();
}

/** In ms, of the runs that two workers have fired and started within some seconds. */
async function lateness(server, redis, of) {
  await redis.flushall();
  const forked = (count, args) => Array.from({ length: count }, () => fork(process.argv[1], args));
  const processes = [...forked(BUSY, ['busy']), ...forked(WORKERS, ['worker', of, server.url])];
  while ((await redis.llen(LATE)) < WARM_SECONDS * CRONS) await pause(100);
  const { decodeMessage } = await from(OWN, 'message/task-message.js');
  const monitor = await monitoring(server.url);
  await redis.del(LATE);
  await pause(SECONDS * 1_000);
  const fired = monitor.fired().map(({ at, message }) => at - decodeMessage(message).options.due);
  const started = (await redis.lrange(LATE, 0, -1)).map(Number);
  await end(processes);
  return { fired, started };
}

/** Notes what comes to the queue, and when. The client of Redis gets confused by MONITOR where commands are under way. */
async function monitoring(url) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const lines = [];
  createInterface(socket).on('line', (line) => {
    if (line.includes('"RPUSH"') && line.includes(QUEUE)) lines.push(line);
  });
  await once(socket, 'connect');
  socket.write('MONITOR\r\n');
  await once(socket, 'data');
  const fired = () => {
    socket.destroy();
    return lines.flatMap((line) => {
      const at = Number(/^\+([\d.]+)/.exec(line)?.[1]) * 1_000;
      const [, , ...messages] = [...line.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([text]) => JSON.parse(text));
      return messages.map((message) => ({ at, message }));
    });
  };
  return { fired };
}

/** One core is busy, and the process still ends when it is to. */
function keepBusy() {
  const until = performance.now() + 50;
  while (performance.now() < until) Math.random();
  setImmediate(keepBusy);
}

/** A worker with these crons, or a child of it. A child notes its runs once a second, to do little else meanwhile. */
async function work() {
  const require = createRequire(join(build, 'package.json'));
  const { Inject, Injectable, Module } = await import(pathToFileURL(require.resolve('@nestjs/common')));
  const { Cron, TaskContext, TaskQueueModule, WorkerFactory } = await from(build, 'index.js');
  let runs = [];
  class LateTasks {
    constructor(context) {
      this.context = context;
    }
  }
  Inject(TaskContext)(LateTasks, undefined, 0);
  Injectable()(LateTasks);
  for (let at = 0; at < CRONS; at += 1) {
    const value = function run() {
      runs.push(Date.now() - this.context.cronTime);
    };
    Object.defineProperty(LateTasks.prototype, `cron${at}`, { value, configurable: true, writable: true });
    const { expression, timeZone } = SCHEDULES.expressions;
    Cron(expression, { timeZone })(
      LateTasks.prototype,
      `cron${at}`,
      Object.getOwnPropertyDescriptor(LateTasks.prototype, `cron${at}`),
    );
  }
  class LateModule {}
  Module({ imports: [TaskQueueModule.forRoot({ redis: url })], providers: [LateTasks] })(LateModule);
  const redis = new Redis(url, { lazyConnect: true });
  setInterval(() => {
    const noted = runs;
    runs = [];
    if (noted.length > 0) redis.rpush(LATE, ...noted);
  }, 1_000).unref();
  await WorkerFactory.run(LateModule, { children: 1, logger: ['warn', 'error'] });
}

/** What one loop alone costs in each tick. */
async function cost(server, redis, of, which) {
  await redis.flushall();
  const supervisor = fork(process.argv[1], ['loop', of, server.url, which]);
  const [ticks] = await once(supervisor, 'message');
  await end([supervisor]);
  return ticks;
}

async function loop() {
  const { RedisBroker } = await from(build, 'broker/redis-broker.js');
  const { CronLoop } = await from(build, 'maintenance/cron-loop.js');
  const redis = new Redis(url);
  const broker = new RedisBroker({ redis: url, namespace: 'late', queues: ['default'], commandTimeoutMs: 60_000 });
  await broker.connect();
  const crons = Array.from({ length: CRONS }, (_, at) => ({
    ...{ name: `LateTasks.cron${at}`, queue: 'default', schedule: SCHEDULES[kind] },
    ...{ missed: 'latest', thresholdMs: 10_000, overlap: 'allow', disabled: false },
  }));
  const one = new CronLoop({ broker: broker.crons, crons, onWarning: console.warn, onError: console.error });
  const ticks = [];
  // V8 compiles in the first ones
  for (let tick = -3; tick < TICKS; tick += 1) {
    await pause(await one.tick());
    while (Date.now() % 1_000 > 200) await pause(10);
    await redis.del('{late}:queue:default');
    await redis.config('RESETSTAT');
    const [startedAt, processor] = [performance.now(), process.cpuUsage()];
    await one.tick();
    const { user, system } = process.cpuUsage(processor);
    const tookMs = performance.now() - startedAt;
    const stats = [...(await redis.info('commandstats')).matchAll(/cmdstat_eval(?:sha)?:.*?,usec=(\d+)/g)];
    const fired = await redis.llen('{late}:queue:default');
    const scripts = stats.reduce((sum, [, usec]) => sum + Number(usec), 0) / fired;
    if (tick >= 0 && fired > 0) ticks.push({ fired, scripts, tookMs, cpuMs: (user + system) / 1_000 });
  }
  process.send(ticks);
}

async function end(processes) {
  const ended = processes.map((each) => once(each, 'exit'));
  for (const each of processes) each.kill();
  await Promise.all(ended);
}

function from(folder, file) {
  return import(pathToFileURL(join(folder, 'dist', file)));
}

/** The median of the rounds, and the lowest and the highest. */
function spread(rounds) {
  const of = (share) =>
    shown(
      rounds.map((late) => late[Math.min(Math.floor(late.length * share), late.length - 1)]),
      0,
    );
  const counts = rounds.map((late) => late.length).join(', ');
  return `p50 ${of(0.5)}, p99 ${of(0.99)}, most ${of(1)}, of ${counts} runs`;
}

function costs(rounds) {
  const all = rounds.flat();
  const of = (what, digits) =>
    shown(
      all.map((tick) => tick[what]),
      digits,
    );
  return `${of('scripts', 1)} us of scripts a run; a tick takes ${of('tookMs', 1)} ms, ${of('cpuMs', 1)} of the processor, for ${of('fired', 0)} runs`;
}

function shown(values, digits) {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1].toFixed(digits)} (${sorted[0].toFixed(digits)} to ${sorted.at(-1).toFixed(digits)})`;
}
