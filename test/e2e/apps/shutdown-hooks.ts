/** Situation: an app that serves HTTP and runs tasks is stopped by a signal: the running task ends before anything is destroyed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskContext, TaskQueueModule } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';

@Injectable()
class Database implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(private readonly queue: QueueClient) {}

  onModuleDestroy(): void {
    console.log('APP destroyed');
  }

  async beforeApplicationShutdown(signal?: string): Promise<void> {
    await this.queue.task('Farewell.say').delay();
    console.log(`APP before the shutdown by ${signal}`);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.task('Farewell.say').delay();
    console.log('APP shut down');
  }
}

@Injectable()
class ReportTasks {
  constructor(private readonly context: TaskContext) {}

  @Task()
  async draw(): Promise<void> {
    console.log('APP drawing');
    await once(this.context.signal, 'abort');
    console.log('APP drawn');
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: { shutdownGrace: '50ms' } })],
  providers: [ReportTasks, Database],
})
class AppModule {}

export async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(0, '127.0.0.1');
  await app.get(QueueClient).of(ReportTasks).draw.delay();
}

export async function scenario(): Promise<void> {
  const app = new AppProcess(import.meta.url, 'main');
  await app.printed('APP drawing');
  assert.equal(await app.stop('SIGTERM'), 'SIGTERM');
  assert.deepEqual(app.lines('APP'), [
    'APP drawing',
    'APP drawn',
    'APP destroyed',
    'APP before the shutdown by SIGTERM',
    'APP shut down',
  ]);
}
