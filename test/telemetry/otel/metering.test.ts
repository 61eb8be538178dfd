import { Injectable } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { QueueClient } from '../../../src/client/queue-client.js';
import { Task } from '../../../src/decorators/task.decorator.js';
import { OpenTelemetryModule, type OpenTelemetryOptions } from '../../../src/telemetry/otel/index.js';
import { drainTasks } from '../../../src/testing/drain-tasks.js';
import { Apps } from '../../module/apps.js';
import { TestSdk } from './test-sdk.js';

let apps: Apps;
let exporter: InMemoryMetricExporter;
let provider: MeterProvider;
beforeAll(async () => {
  apps = await Apps.start();
});
beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // it exports when it is flushed
  provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
});
afterEach(async () => {
  await apps.close();
  await provider.shutdown();
  TestSdk.stop();
});
afterAll(() => apps.stop());

let failures = 0;

@Injectable()
class MailTasks {
  @Task()
  async send(): Promise<void> {}

  @Task({ retries: 1, backoff: { type: 'fixed', delay: 1 } })
  async flaky(): Promise<void> {
    failures += 1;
    if (failures === 1) throw new TypeError('no luck');
  }

  @Task({ expires: 1 })
  async urgent(): Promise<void> {}
}

async function boot(options?: OpenTelemetryOptions) {
  failures = 0;
  const app = await apps.boot({
    imports: [apps.queue(), OpenTelemetryModule.forRoot(options)],
    providers: [MailTasks],
  });
  const queue = app.get(QueueClient);
  return { app, queue, send: queue.of(MailTasks) };
}

/** The points of a metric, as they are exported. */
async function points<Value = number>(name: string): Promise<DataPoint<Value>[]> {
  exporter.reset();
  await provider.forceFlush();
  const all =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return (all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []) as DataPoint<Value>[];
}

const PLACE = { 'messaging.system': 'nestwork', 'messaging.destination.name': 'default' };
const SEND = { ...PLACE, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' };
const PROCESS = { ...PLACE, 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' };

describe('the metrics of tasks', () => {
  beforeEach(() => void metrics.setGlobalMeterProvider(provider));

  it('count and measure sends', async () => {
    const { send } = await boot();
    await send.send.delay();
    await send.send.delayMany([[], []]);
    const attributes = { ...SEND, 'nestwork.task.name': 'MailTasks.send' };
    expect(await points('messaging.client.sent.messages')).toMatchObject([{ value: 3, attributes }]);
    const [took] = await points<Histogram>('messaging.client.operation.duration');
    expect(took).toMatchObject({ attributes, value: { count: 2 } });
    expect(took?.value.buckets.boundaries).toContain(0.005);
    // in seconds
    expect(took?.value.max).toBeLessThan(60);
  });

  it('count a send that failed, with its error, which the caller gets', async () => {
    const { send } = await boot();
    const headers = { tenant: 'x'.repeat(9_000) };
    await expect(send.send.with({ headers }).delay()).rejects.toMatchObject({ code: 'INVALID_HEADERS' });
    expect(await points('messaging.client.sent.messages')).toMatchObject([
      { value: 1, attributes: { 'error.type': 'INVALID_HEADERS', 'nestwork.task.name': 'MailTasks.send' } },
    ]);
  });

  it('count and measure attempts by their outcomes', async () => {
    const { app, send } = await boot();
    await send.flaky.delay();
    await drainTasks(app);
    const task = { ...PROCESS, 'nestwork.task.name': 'MailTasks.flaky' };
    const expected = [
      { ...task, 'nestwork.outcome': 'retry', 'error.type': 'TypeError' },
      { ...task, 'nestwork.outcome': 'done' },
    ];
    const consumed = await points('messaging.client.consumed.messages');
    expect(consumed.map(({ attributes }) => attributes)).toEqual(expected);
    const ran = await points<Histogram>('messaging.process.duration');
    expect(ran.map(({ attributes }) => attributes)).toEqual(expected);
    expect(await points<Histogram>('nestwork.wait.duration')).toMatchObject([
      { attributes: task, value: { count: 2 } },
    ]);
  });

  it('count a task that was not started, and measure nothing of it', async () => {
    const { app, send } = await boot();
    await send.urgent.delay();
    const now = Date.now();
    while (Date.now() < now + 2);
    await drainTasks(app);
    expect(await points('messaging.client.consumed.messages')).toMatchObject([
      {
        attributes: {
          'nestwork.task.name': 'MailTasks.urgent',
          'nestwork.outcome': 'dead',
          'error.type': 'TASK_EXPIRED',
        },
      },
    ]);
    expect(await points('messaging.process.duration')).toEqual([]);
  });

  it('have no name of a task that the app does not have: there may be any number of them', async () => {
    const { app, queue } = await boot();
    await queue.task('Unknown.task').with({ queue: 'default' }).delay();
    await drainTasks(app);
    const [unknown] = await points('messaging.client.consumed.messages');
    expect(unknown?.attributes).toEqual({ ...PROCESS, 'nestwork.outcome': 'dead', 'error.type': 'UNKNOWN_TASK' });
  });

  it('are none where `metrics` is false', async () => {
    const { send } = await boot({ metrics: false });
    await send.send.delay();
    expect(await points('messaging.client.sent.messages')).toEqual([]);
  });
});

describe('the metrics of tasks without a registered provider', () => {
  it('go to the provider of the options', async () => {
    const { send } = await boot({ meterProvider: provider });
    await send.send.delay();
    expect(await points('messaging.client.sent.messages')).toMatchObject([{ value: 1 }]);
  });
});

describe('the metrics of queues', () => {
  it('are read from Redis whenever metrics are collected', async () => {
    metrics.setGlobalMeterProvider(provider);
    const { send } = await boot({ queueMetrics: true });
    const pending = async () => {
      const found = await points('nestwork.queue_tasks');
      return found.find(({ attributes }) => attributes.state === 'pending');
    };
    await send.send.delay();
    expect(await pending()).toMatchObject({ value: 1, attributes: { queue: 'default', state: 'pending' } });
    await send.send.delay();
    expect(await pending()).toMatchObject({ value: 2 });
    expect(await points('nestwork.redis_up')).toMatchObject([{ value: 1 }]);
    expect(await points('nestwork.stale_acks')).toMatchObject([{ value: 0 }]);
  });

  it('are read no more once the app is closed', async () => {
    metrics.setGlobalMeterProvider(provider);
    const { app } = await boot({ queueMetrics: true });
    expect(await points('nestwork.redis_up')).toMatchObject([{ value: 1 }]);
    await app.close();
    // one that asked a closed connection would have 0 here
    expect(await points('nestwork.redis_up')).toMatchObject([{ value: 1 }]);
    expect(apps.lines.with('cannot be read')).toEqual([]);
  });

  it('are none where no SDK measures, and a line says so', async () => {
    await boot({ queueMetrics: true });
    expect(apps.lines.with('There are no metrics of queues')).toHaveLength(1);
  });
});
