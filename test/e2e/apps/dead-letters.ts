/** Situation: after an outage those that failed by it run again, and no others. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

let outage = true;
const delivered: string[] = [];

@Injectable()
class WebhookTasks {
  @Task({ retries: 2, backoff: 0 })
  deliver(to: string): void {
    if (to === 'nowhere') throw new Error('no such address');
    if (outage) throw new Error('connect ECONNREFUSED');
    delivered.push(to);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [WebhookTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const deadLetters = app.get(DeadLetters);
  await app
    .get(QueueClient)
    .of(WebhookTasks)
    .deliver.delayMany([['a'], ['nowhere'], ['b']]);
  await drainTasks(app);
  assert.equal(await deadLetters.count(), 3);
  outage = false;
  const { redriven } = await deadLetters.redriveAll({ error: 'ECONNREFUSED' });
  assert.equal(redriven, 2);
  await drainTasks(app);
  assert.deepEqual(delivered, ['a', 'b']);
  const { tasks } = await deadLetters.list();
  assert.deepEqual(
    tasks.map(({ args, attempts }) => [args, attempts.length]),
    [[['nowhere'], 3]],
  );
}
