/** Situation: every child of a worker clears its cache. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Broadcast, BroadcastLog, QueueClient, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';
import { until } from '../harness/until.js';

@Injectable()
class CacheTasks {
  @Broadcast()
  forget(key: string): void {
    console.log(`FORGOT ${key}`);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [CacheTasks] })
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(AppModule, { children: 2 });

export async function scenario(app: INestApplicationContext): Promise<void> {
  const running = new AppProcess(import.meta.url, 'worker');
  await running.printed('Serving default'); // with one child at least; the other one receives it when it is ready
  const { id } = await app.get(QueueClient).of(CacheTasks).forget.delay('product:7');
  await running.printed('FORGOT product:7', 2);
  const log = app.get(BroadcastLog);
  await until('both have recorded', async () => (await log.outcomes(id)).length === 2);
  const outcomes = await log.outcomes(id);
  assert.ok(outcomes.every(({ ok }) => ok));
  assert.equal(new Set(outcomes.map(({ pid }) => pid)).size, 2);
  assert.equal(await running.stop(), 0);
}
