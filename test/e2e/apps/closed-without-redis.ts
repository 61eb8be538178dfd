/** Situation: an app with a worker is closed while Redis is away: nothing keeps its process alive. */
import assert from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { RedisServer } from 'nestwork/testing';
import { AppProcess } from '../harness/app-process.js';
import { until } from '../harness/until.js';

let url = '';
let finish: (() => void) | undefined;

@Injectable()
class ReportTasks {
  @Task()
  draw(): Promise<void> {
    return new Promise((resolve) => {
      finish = resolve;
    });
  }
}

@Module({
  imports: [
    TaskQueueModule.forRootAsync({
      useFactory: () => ({ redis: url, commandTimeout: '1s', inProcess: { shutdownGrace: 1 } }),
    }),
  ],
  providers: [ReportTasks],
})
class AppModule {}

export async function main(): Promise<void> {
  const server = await RedisServer.start();
  url = server.url;
  const app = await NestFactory.createApplicationContext(AppModule);
  await app.get(QueueClient).of(ReportTasks).draw.delay();
  await until('it runs', () => finish !== undefined);
  await server.kill();
  finish?.();
  await app.close();
  await server.stop();
  console.log('CLOSED');
}

export async function scenario(): Promise<void> {
  const app = new AppProcess(import.meta.url, 'main');
  await app.printed('CLOSED');
  assert.equal(await app.ended(), 0);
}
