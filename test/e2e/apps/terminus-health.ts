/** Situation: a probe of Terminus that is red when tasks wait and no worker consumes, and green when they are done. */
import assert from 'node:assert/strict';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { QueueClient, Task, TaskHealthIndicator, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

@Injectable()
class MailTasks {
  @Task({ queue: 'bulk' })
  send(): void {}
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly tasks: TaskHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.tasks.isHealthy('tasks', { maxWait: '10s', maxDead: 0 })]);
  }
}

@Module({
  imports: [
    TerminusModule.forRoot({ logger: false }),
    TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues: ['default', 'bulk'] }),
  ],
  controllers: [HealthController],
  providers: [MailTasks],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  await app.listen(0, '127.0.0.1');
  const probe = async (): Promise<[number, HealthCheckResult]> => {
    const reply = await fetch(`${await app.getUrl()}/health`);
    return [reply.status, (await reply.json()) as HealthCheckResult];
  };
  try {
    assert.equal((await probe())[0], 200);
    await app.get(QueueClient).of(MailTasks).send.delay();
    const [status, { error }] = await probe();
    assert.equal(status, 503);
    assert.match(error?.tasks?.message, /Queue "bulk": tasks wait, and no worker of this namespace serves the queue/);
    await drainTasks(app);
    assert.equal((await probe())[0], 200);
  } finally {
    await app.close();
  }
}
