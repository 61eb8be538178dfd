/**
 * What many crons cost that are set at run time and not due: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/many-crons.mjs
 *
 * On a private server. First a worker with one child and no such cron: the commands that Redis gets within SECONDS, and the processor time of its
 * supervisor. Then an app sets CRONS crons, AT_ONCE calls at a time, which are due next year: how long that takes, and the memory of Redis for each.
 * Then a worker again, which has nothing to do, because the first times are known when a cron is set: what it costs.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';

const CRONS = Number(process.env.CRONS ?? 100_000);
const AT_ONCE = Number(process.env.AT_ONCE ?? 100);
const SECONDS = Number(process.env.SECONDS ?? 30);
/** Until a worker has booted and compiled what it runs over and over. */
const WARM_SECONDS = 10;
const TASK = 'ReportTasks.send';
const LINE = `{nestwork}:cron-times:default ${TASK}`;
const DIST = new URL('../dist/', import.meta.url);

const { CronManager, QueueClient, Task, TaskQueueModule, WorkerFactory } = await import(new URL('index.js', DIST));
const [, , role, url] = process.argv;
if (role === 'worker') await work();
else await measure();

async function measure() {
  const { RedisServer } = await import(pathToFileURL(fileURLToPath(new URL('testing/redis-server.js', DIST))));
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  console.log(`without crons: ${await idle(server, redis)}`);
  const before = await memory(redis);
  const startedAt = performance.now();
  await set(server.url);
  const tookMs = performance.now() - startedAt;
  console.log(`${CRONS} crons set in ${(tookMs / 1_000).toFixed(1)} s, ${AT_ONCE} at once`);
  const bytes = ((await memory(redis)) - before) / CRONS;
  console.log(`with ${CRONS} crons: ${await idle(server, redis)}`);
  console.log(`${bytes.toFixed(0)} bytes of Redis each`);
  for (const key of ['run-time-crons', 'cron-names', LINE.slice('{nestwork}:'.length)]) {
    const size = Number(await redis.call('MEMORY', 'USAGE', `{nestwork}:${key}`, 'SAMPLES', '0'));
    console.log(`  ${key}: ${(size / CRONS).toFixed(0)} bytes each`);
  }
  redis.disconnect();
  await server.stop();
}

/** As an app does it. */
async function set(redis) {
  class SenderModule {}
  Module({ imports: [TaskQueueModule.forRoot({ redis })] })(SenderModule);
  const app = await NestFactory.createApplicationContext(SenderModule, { logger: false });
  const [crons, queue] = [app.get(CronManager), app.get(QueueClient)];
  const task = queue.task(TASK).with({ queue: 'default' });
  for (let done = 0; done < CRONS; done += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, CRONS - done) }, (_, at) => `tenant-${done + at}.report`);
    const cron = '0 8 1 1 *';
    await Promise.all(names.map((name) => crons.set(name, { cron, timeZone: 'Europe/Paris', task, args: [name] })));
  }
  await app.close();
}

async function end(worker) {
  const exit = once(worker, 'exit');
  worker.kill();
  await exit;
}

/** What a worker does that has nothing to do. */
async function idle(server, redis) {
  const worker = fork(process.argv[1], ['worker', server.url]);
  await once(worker, 'message');
  await pause(WARM_SECONDS * 1_000);
  await redis.config('RESETSTAT');
  const before = await usage(worker);
  await pause(SECONDS * 1_000);
  const cpuMs = (await usage(worker)) - before;
  const stats = (await redis.info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+),usec=(\d+)/g);
  // the commands of this bench itself
  const counted = [...stats].filter(([, name]) => !['config|resetstat', 'info', 'ping'].includes(name));
  const calls = counted.reduce((sum, [, , count]) => sum + Number(count), 0);
  const redisMs = counted.reduce((sum, [, , , usec]) => sum + Number(usec), 0) / 1_000;
  await end(worker);
  return `${calls} commands, which took Redis ${redisMs.toFixed(1)} ms, and ${cpuMs.toFixed(0)} ms of processor time of the supervisor in ${SECONDS} s`;
}

async function usage(worker) {
  worker.send('usage');
  const [ms] = await once(worker, 'message');
  return ms;
}

async function memory(redis) {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))[1]);
}

/** A worker, or a child of it. */
async function work() {
  class ReportTasks {
    send() {}
  }
  Task()(ReportTasks.prototype, 'send', Object.getOwnPropertyDescriptor(ReportTasks.prototype, 'send'));
  class ReportModule {}
  Module({ imports: [TaskQueueModule.forRoot({ redis: url })], providers: [ReportTasks] })(ReportModule);
  const isSupervisor = process.send !== undefined && !process.env.BENCH_SUPERVISOR;
  process.env.BENCH_SUPERVISOR = '1';
  if (isSupervisor) {
    process.on('message', (message) => {
      if (message !== 'usage') return;
      const { user, system } = process.cpuUsage();
      process.send((user + system) / 1_000);
    });
    process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
    setTimeout(() => process.send('up'), 1_000);
  }
  await WorkerFactory.run(ReportModule, { children: 1, logger: ['warn', 'error'] });
}
