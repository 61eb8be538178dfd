/** Situation: a task that takes its process down is buried after three times, and those around it run. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';
import { until } from '../harness/until.js';

@Injectable()
class ImageTasks {
  @Task()
  resize(image: string): void {
    if (image === 'bomb') process.exit(1);
    console.log(`RESIZED ${image}`);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [ImageTasks] })
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(AppModule, { children: 1 });

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient)
    .of(ImageTasks)
    .resize.delayMany([['a'], ['bomb'], ['b']]);
  const running = new AppProcess(import.meta.url, 'worker');
  await running.printed('RESIZED b');
  const deadLetters = app.get(DeadLetters);
  await until('the bomb is dead', async () => (await deadLetters.count()) === 1);
  const { tasks } = await deadLetters.list();
  assert.deepEqual(
    tasks.map(({ args, code, crashes }) => [args, code, crashes]),
    [[['bomb'], 'CRASHED', 3]],
  );
  assert.equal(running.lines('RESIZED a').length, 1);
  assert.equal(await running.stop(), 0);
}
