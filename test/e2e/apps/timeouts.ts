/** Situation: a task that hangs and heeds its signal, and one that blocks its process, which is ended and replaced. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskContext, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';
import { until } from '../harness/until.js';

@Injectable()
class CrawlTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ softTimeout: '50ms' })
  async hang(): Promise<void> {
    const { signal } = this.context;
    await once(signal, 'abort');
    throw signal.reason;
  }

  @Task({ hardTimeout: '200ms' })
  block(): void {
    for (;;);
  }

  @Task()
  fetch(): void {
    console.log('FETCHED');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [CrawlTasks] })
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(AppModule, { children: 1 });

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { hang, block, fetch } = app.get(QueueClient).of(CrawlTasks);
  for (const sender of [hang, block, fetch]) await sender.delay();
  const running = new AppProcess(import.meta.url, 'worker');
  await running.printed('FETCHED');
  const deadLetters = app.get(DeadLetters);
  await until('both are dead', async () => (await deadLetters.count()) === 2);
  const { tasks } = await deadLetters.list({}, { order: 'oldest' });
  assert.deepEqual(
    tasks.map(({ task, code }) => [task, code]),
    [
      ['CrawlTasks.hang', 'SOFT_TIMEOUT'],
      ['CrawlTasks.block', 'HARD_TIMEOUT'],
    ],
  );
  assert.equal(await running.stop(), 0);
}
