/** Situation: a task that waits already runs only when the last bootstrap hook has ended. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { Injectable, Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const log: string[] = [];

@Injectable()
class Cache implements OnModuleInit, OnApplicationBootstrap {
  async onModuleInit(): Promise<void> {
    await setImmediate();
    log.push('cache is connected');
  }

  async onApplicationBootstrap(): Promise<void> {
    await setImmediate();
    log.push('cache is warm');
  }
}

@Module({ providers: [Cache] })
class CacheModule {}

@Injectable()
class PriceTasks {
  @Task()
  update(): void {
    log.push('task');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [PriceTasks] })
class SenderModule {}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true }), CacheModule],
  providers: [PriceTasks],
})
class AppModule implements OnApplicationBootstrap {
  async onApplicationBootstrap(): Promise<void> {
    await setImmediate();
    log.push('app is ready');
  }
}

export async function scenario(): Promise<void> {
  const sender = await NestFactory.createApplicationContext(SenderModule);
  await sender.get(QueueClient).of(PriceTasks).update.delay();
  await sender.close();
  const app = await NestFactory.createApplicationContext(AppModule);
  await until('the task has run', () => log.includes('task'));
  await app.close();
  assert.deepEqual(log, ['cache is connected', 'cache is warm', 'app is ready', 'task']);
}
