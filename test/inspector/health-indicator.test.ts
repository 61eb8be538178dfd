import { Controller, Get, type INestApplication, Injectable } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { QueueClient } from '../../src/client/queue-client.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHealthIndicator, type TaskHealthOptions } from '../../src/inspector/health-indicator.js';
import { drainTasks } from '../../src/testing/drain-tasks.js';
import { Apps } from '../module/apps.js';

let apps: Apps;
let app: INestApplication;
/** The question of the controller to the indicator. */
let options: TaskHealthOptions;
beforeEach(async () => {
  options = {};
  apps = await Apps.start();
});
afterEach(async () => {
  await app.close();
  await apps.stop();
});

@Injectable()
class MailTasks {
  @Task()
  welcome(): void {
    throw new Error('no server');
  }
}

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tasks: TaskHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.tasks.isHealthy('tasks', options)]);
  }
}

async function listen(inProcess = false): Promise<void> {
  const module = await Test.createTestingModule({
    imports: [apps.queue({ queues: ['default', 'bulk'], inProcess }), TerminusModule.forRoot({ logger: false })],
    controllers: [HealthController],
    providers: [MailTasks],
  })
    .setLogger(apps.lines)
    .compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
}

async function get(): Promise<{ status: number; body: HealthCheckResult }> {
  const reply = await fetch(`${await app.getUrl()}/health`);
  return { status: reply.status, body: (await reply.json()) as HealthCheckResult };
}

it('the indicator is up while no task waits', async () => {
  await listen();
  expect(await get()).toMatchObject({
    status: 200,
    body: {
      status: 'ok',
      info: { tasks: { status: 'up', queues: { default: { pending: 0 }, bulk: { served: false } } } },
    },
  });
});

it('the indicator is down when tasks wait without a worker, and names the queue', async () => {
  await listen();
  await app.get(QueueClient).of(MailTasks).welcome.with({ queue: 'bulk' }).delay();
  const message = 'Queue "bulk": tasks wait, and no worker of this namespace serves the queue (1 pending).';
  expect(await get()).toMatchObject({
    status: 503,
    body: { status: 'error', error: { tasks: { status: 'down', message, queues: { default: { healthy: true } } } } },
  });
  await drainTasks(app);
  expect(await get()).toMatchObject({ status: 200 });
});

it('the indicator is down when more tasks are dead than `maxDead`', async () => {
  await listen();
  await app.get(QueueClient).of(MailTasks).welcome.delay();
  await drainTasks(app);
  expect(await get()).toMatchObject({ status: 200 });
  options = { maxDead: 0 };
  expect(await get()).toMatchObject({
    status: 503,
    body: { error: { tasks: { message: 'Queue "default": 1 tasks are dead, more than 0 (0 pending).' } } },
  });
});

it('the indicator without queues only asks for Redis', async () => {
  await listen();
  await app.get(QueueClient).of(MailTasks).welcome.delay();
  options = { queues: [] };
  expect(await get()).toMatchObject({ status: 200, body: { info: { tasks: { queues: {} } } } });
  await apps.server.kill();
  expect(await get()).toMatchObject({ status: 503 });
  await apps.server.restart();
});

it('the indicator is up where a worker within the app consumes', async () => {
  await listen(true);
  expect(await get()).toMatchObject({ status: 200, body: { info: { tasks: { queues: { bulk: { served: true } } } } } });
});

it('the indicator is down without delay when Redis is away', async () => {
  await listen();
  await apps.server.kill();
  expect(await get()).toMatchObject({
    status: 503,
    body: { error: { tasks: { status: 'down', message: expect.stringContaining('Redis') } } },
  });
  await apps.server.restart();
});

it('the indicator is down after its timeout when Redis is silent, and up again when it answers', async () => {
  await listen();
  options = { timeout: 50 };
  process.kill(apps.server.pid, 'SIGSTOP');
  const message = 'Redis did not answer within 50 ms.';
  expect(await get()).toMatchObject({ status: 503, body: { error: { tasks: { message } } } });
  process.kill(apps.server.pid, 'SIGCONT');
  options = {};
  expect(await get()).toMatchObject({ status: 200 });
});

it('the indicator rejects for a wrong option', async () => {
  await listen();
  options = { maxWait: { nope: '1s' } };
  expect(await get()).toMatchObject({ status: 500 });
});
