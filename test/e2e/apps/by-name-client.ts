/** Situation: an app without the task class sends by name; the task goes to the queue that its worker registered. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';

@Injectable()
class PdfTasks {
  @Task({ name: 'pdf.render', queue: 'slow' })
  render(page: number, options: { at: Date }): void {
    console.log(`RENDERED ${page} of ${options.at.getUTCFullYear()}`);
  }
}

const queues = ['default', 'slow'];

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues })], providers: [PdfTasks] })
class WorkerModule {}

/** It knows the name, and nothing else. */
@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, queues })] })
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(WorkerModule, { children: 1 });

export async function scenario(app: INestApplicationContext): Promise<void> {
  const running = new AppProcess(import.meta.url, 'worker');
  await running.printed('Serving default, slow');
  const render = app.get(QueueClient).task<[number, { at: Date }]>('pdf.render');
  const handle = await render.delay(7, { at: new Date(0) });
  assert.equal(handle.queue, 'slow');
  await running.printed('RENDERED 7 of 1970');
  assert.equal(await running.stop(), 0);
}
