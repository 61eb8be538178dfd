/** Situation: options from a provider that the app has already, shared with the rest of it. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule, type TaskQueueOptions } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

let made = 0;

@Injectable()
class Settings {
  constructor() {
    made += 1;
  }

  async createTaskQueueOptions(): Promise<TaskQueueOptions> {
    return { redis: process.env.REDIS_URL, queues: ['only'], defaultQueue: 'only' };
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class MailTasks {
  @Task()
  send(): void {}
}

@Module({
  imports: [TaskQueueModule.forRootAsync({ imports: [SettingsModule], useExisting: Settings })],
  providers: [MailTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const handle = await app.get(QueueClient).of(MailTasks).send.delay();
  assert.equal(handle.queue, 'only');
  assert.equal((await drainTasks(app)).length, 1);
  assert.equal(made, 1);
}
