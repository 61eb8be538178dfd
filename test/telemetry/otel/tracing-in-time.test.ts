/** What the tracing does over days: with the clock of a test. */
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../../src/client/queue-client.js';
import { Cron } from '../../../src/decorators/cron.decorator.js';
import { Task } from '../../../src/decorators/task.decorator.js';
import { CronManager } from '../../../src/inspector/cron-manager.js';
import { TaskQueueModule } from '../../../src/module/task-queue.module.js';
import { OpenTelemetryModule } from '../../../src/telemetry/otel/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';
import { idOf, pointsTo, TestSdk } from './test-sdk.js';

let failures = 0;

@Injectable()
class DigestTasks {
  @Task()
  async send(): Promise<void> {}

  @Task({ expires: '1m' })
  async urgent(): Promise<void> {}

  @Cron('0 8 * * *', { timeZone: 'UTC', retries: 1, backoff: { type: 'fixed', delay: '1m' } })
  async daily(): Promise<void> {
    failures += 1;
    if (failures === 1) throw new Error('no luck');
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: 'redis://127.0.0.1:1' }), OpenTelemetryModule.forRoot()],
  providers: [DigestTasks],
})
class AppModule {}

let sdk: TestSdk;
let app: TestingModule;
beforeEach(async () => {
  failures = 0;
  sdk = TestSdk.start();
  const imports = [AppModule, TaskQueueTestingModule.forRoot({ mode: 'memory' })];
  app = await Test.createTestingModule({ imports }).setLogger(new Lines()).compile();
  await app.init();
});
afterEach(async () => {
  await app.close();
  TestSdk.stop();
});

const send = () => app.get(QueueClient, { strict: false }).of(DigestTasks);
const clock = () => app.get(TestQueue);

describe('a task that is delayed for a day', () => {
  it('begins a trace with a link to its sender', async () => {
    await send().send.with({ delay: '1d' }).delay();
    await clock().advance('1d');
    const ran = sdk.only('process DigestTasks.send');
    expect(pointsTo(ran)).toEqual({ parent: undefined, links: { sender: idOf(sdk.only('send DigestTasks.send')) } });
    expect(ran.attributes['nestwork.wait.duration']).toBe(0);
  });
});

describe('a task that waits', () => {
  it('for less than a minute is in the trace of its sender, with the time for which it waited', async () => {
    await send().send.delay();
    await clock().advance('59s', { idle: true });
    await clock().drain();
    const ran = sdk.only('process DigestTasks.send');
    expect(pointsTo(ran).parent).toBe(idOf(sdk.only('send DigestTasks.send')));
    expect(ran.attributes['nestwork.wait.duration']).toBe(59);
  });

  it('for more than a minute begins a trace with a link to its sender', async () => {
    await send().send.delay();
    await clock().advance('61s', { idle: true });
    await clock().drain();
    expect(pointsTo(sdk.only('process DigestTasks.send'))).toEqual({
      parent: undefined,
      links: { sender: idOf(sdk.only('send DigestTasks.send')) },
    });
  });

  it('for too long is dead, and has a span', async () => {
    await send().urgent.delay();
    await clock().advance('2m', { idle: true });
    await clock().drain();
    expect(sdk.only('process DigestTasks.urgent').attributes).toMatchObject({
      'nestwork.outcome': 'dead',
      'error.type': 'TASK_EXPIRED',
      'nestwork.wait.duration': 120,
    });
  });
});

describe('a cron', () => {
  it('begins a trace, to which its next attempt has a link', async () => {
    await clock().runCron('DigestTasks.daily');
    await clock().advance('1m');
    const [first, second] = sdk.named('process DigestTasks.daily');
    if (!first || !second) throw new Error('There are too few attempts.');
    expect(pointsTo(first)).toEqual({ parent: undefined, links: {} });
    expect(pointsTo(second)).toEqual({ parent: undefined, links: { 'first attempt': idOf(first) } });
    expect(first.attributes).toMatchObject({
      'nestwork.cron.name': 'DigestTasks.daily',
      'nestwork.outcome': 'retry',
    });
  });

  it('that was set at run time has no link to its maker', async () => {
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const crons = app.get(CronManager, { strict: false });
    await crons.set('hourly', { cron: '0 * * * *', task: send().send.with({ headers }), args: [] });
    await clock().advance('1h');
    expect(pointsTo(sdk.only('process DigestTasks.send'))).toEqual({ parent: undefined, links: {} });
    expect(sdk.only('process DigestTasks.send').attributes['nestwork.cron.name']).toBe('hourly');
  });
});
