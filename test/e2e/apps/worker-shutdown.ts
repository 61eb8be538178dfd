/** Situation: a worker is stopped while a task runs: the task ends, then the hooks of its app run, then the process ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type INestApplicationContext,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { QueueClient, Task, TaskContext, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';

@Injectable()
class Database implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  onApplicationBootstrap(): void {
    if (process.send) console.log('APP booted');
  }

  onModuleDestroy(): void {
    console.log('APP destroyed');
  }

  onApplicationShutdown(): void {
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
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [ReportTasks, Database],
})
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(AppModule, { children: 1, shutdownGrace: '50ms' });

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { draw } = app.get(QueueClient).of(ReportTasks);
  const { id } = await draw.delay();
  const running = new AppProcess(import.meta.url, 'worker');
  await running.printed('APP drawing');
  assert.equal((await app.get(QueueClient).status(id)).state, 'active');
  assert.equal(await running.stop('SIGTERM'), 0);
  assert.deepEqual(running.lines('APP'), ['APP booted', 'APP drawing', 'APP drawn', 'APP destroyed', 'APP shut down']);
  assert.equal((await app.get(QueueClient).status(id)).state, 'unknown'); // it is done
}
