/**
 * The cost of OpenTelemetry: docs/performance.md has the figures.
 *
 *   npm run build
 *   node bench/tracing.mjs
 *
 * Processes of five kinds take turns, on a private server: an app without the module; with it, and no SDK; with metrics of an SDK; with an SDK that exports no
 * span; and with one whose spans go to memory. Each sends no-op tasks by `delay()`, hundreds at a time, and then runs all of them with the claim loop of a child,
 * at concurrency 10. Counted is the processor time of the process for a task, that of the main thread of Redis, and the tasks in a second. The figures are
 * medians of all rounds, those behind them the medians of their ratios to the app without the module in the same round.
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Redis } from 'ioredis';
import { TaskDiscovery } from '../dist/discovery/task-discovery.js';
import { QueueClient, TaskQueueModule } from '../dist/index.js';
import { OpenTelemetryModule } from '../dist/telemetry/otel/index.js';
import { RedisServer } from '../dist/testing/redis-server.js';
import { claimingChild } from './claiming-child.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
/** In the first turn V8 optimizes. */
const TURNS = [10_000, Number(process.env.TASKS ?? 30_000)];
const AT_ONCE = 500;
const NAME = 'Bench.task';
const KINDS = ['without', 'no SDK', 'metrics', 'spans, not exported', 'spans in memory'];

const [, , url, kind] = process.argv;
if (kind === undefined) await measure();
else await work();

/** Sends and runs as many tasks as each message says, and answers with what that took. */
async function work() {
  const spans = startSdk();
  const namespace = kind.replaceAll(/\W/g, '');
  class AppModule {}
  Module({
    imports: [
      TaskQueueModule.forRoot({ redis: url, namespace }),
      ...(kind === 'without' ? [] : [OpenTelemetryModule.forRoot()]),
    ],
  })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const hooks = app.get(TaskDiscovery, { strict: false }).hooks();
  const sender = app.get(QueueClient).task(NAME).with({ queue: 'default' });
  const redis = new Redis(url);
  let left = 0;
  const handler = async () => {
    left -= 1;
    if (left === 0) process.emit('drained');
  };
  let turn = 0;
  process.on('message', async (tasks) => {
    left = tasks;
    turn += 1;
    const sent = await cost(redis, tasks, async () => {
      for (let at = 0; at < tasks; at += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => sender.delay({ to: 'a@b.c' })));
      }
    });
    // one that went on from the turn before would run tasks while they are sent
    const child = { url, namespace, session: `turn${turn}`, name: NAME, concurrency: 10, handler, hooks };
    const { loop } = await claimingChild(child);
    const ran = await cost(redis, tasks, async () => {
      const drained = once(process, 'drained');
      void loop.run();
      await drained;
    });
    loop.stop();
    spans.reset();
    process.send({ sent, ran });
  });
  process.send('ready');
}

function startSdk() {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (kind === 'metrics') {
    const reader = new PeriodicExportingMetricReader({
      exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  }
  if (kind.startsWith('spans')) {
    const spanProcessors = kind === 'spans in memory' ? [new SimpleSpanProcessor(exporter)] : [];
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  }
  return exporter;
}

/** Of one task, in us, and the tasks in a second. */
async function cost(redis, tasks, act) {
  const [used, server, startedAt] = [process.cpuUsage(), await redisUs(redis), performance.now()];
  await act();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(used);
  return {
    process: (user + system) / tasks,
    redis: ((await redisUs(redis)) - server) / tasks,
    rate: tasks / seconds,
  };
}

async function redisUs(redis) {
  const seconds = [...(await redis.info('cpu')).matchAll(/used_cpu_(?:sys|user)_main_thread:([\d.]+)/g)];
  return seconds.reduce((sum, [, value]) => sum + Number(value) * 1e6, 0);
}

async function measure() {
  const server = await RedisServer.start();
  const redis = new Redis(server.url);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const measured = {};
    // each kind is first in its turn
    const order = KINDS.map((_, at) => KINDS[(at + round) % KINDS.length]);
    for (const each of order) measured[each] = await measureProcess(server, redis, each);
    rounds.push(measured);
  }
  report(rounds);
  redis.disconnect();
  await server.stop();
}

async function measureProcess(server, redis, each) {
  await redis.flushall();
  const worker = fork(process.argv[1], [server.url, each]);
  await once(worker, 'message');
  let measured;
  for (const tasks of TURNS) {
    worker.send(tasks);
    [measured] = await once(worker, 'message');
  }
  const ended = once(worker, 'exit');
  worker.kill();
  await ended;
  return measured;
}

function report(rounds) {
  const parts = { process: 'us of the process', redis: 'us of Redis', rate: 'tasks/s' };
  for (const step of ['sent', 'ran']) {
    const rows = KINDS.map((each) => {
      const figures = Object.entries(parts).map(([part, title]) => {
        const of = (measured, what) => measured[what][step][part];
        const middle = median(rounds.map((measured) => of(measured, each)));
        const ratio = median(rounds.map((measured) => of(measured, each) / of(measured, 'without')));
        return [title, `${middle > 1_000 ? Math.round(middle) : middle.toFixed(1)} (${ratio.toFixed(2)})`];
      });
      return [each, Object.fromEntries(figures)];
    });
    console.log(step === 'sent' ? 'To send a task:' : 'To run a task:');
    console.table(Object.fromEntries(rows));
  }
}

function median(all) {
  return all.toSorted((a, b) => a - b)[all.length >> 1];
}
