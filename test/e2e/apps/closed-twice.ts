/** Situation: an app is closed while it is being closed. Nothing is destroyed under a task that still runs. */
import assert from 'node:assert/strict';
import { Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const log: string[] = [];
let finish: () => void = () => {};

@Injectable()
class Database implements OnModuleDestroy {
  onModuleDestroy(): void {
    log.push('destroyed');
  }
}

@Injectable()
class ReportTasks {
  @Task()
  async draw(): Promise<void> {
    log.push('drawing');
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    log.push('drawn');
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true })],
  providers: [ReportTasks, Database],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule);
  const queue = app.get(QueueClient);
  const { id } = await queue.of(ReportTasks).draw.delay();
  await until('it runs', () => log.includes('drawing'));
  const closed = [app.close(), app.close()];
  // a round trip later the second one has come as far as it can come
  assert.equal((await queue.status(id)).state, 'active');
  assert.deepEqual(log, ['drawing']);
  finish();
  await Promise.all(closed);
  assert.deepEqual(log.slice(0, 3), ['drawing', 'drawn', 'destroyed']);
  await app.close(); // and once more when all is over
}
