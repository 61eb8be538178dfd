/** Situation: options from a class that Nest makes for the module. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskQueueModule, type TaskQueueOptions } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

@Injectable()
class QueueSettings {
  createTaskQueueOptions(): TaskQueueOptions {
    return { redis: process.env.REDIS_URL, namespace: 'shop', defaults: { retries: 2, backoff: 0 } };
  }
}

@Injectable()
class MailTasks {
  @Task()
  send(): void {
    throw new Error('no server');
  }
}

@Module({ imports: [TaskQueueModule.forRootAsync({ useClass: QueueSettings })], providers: [MailTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { id } = await app.get(QueueClient).of(MailTasks).send.delay();
  await drainTasks(app);
  const dead = await app.get(DeadLetters).get(id);
  assert.equal(dead?.attempt, 3);
}
