/** Situation: a task for later, which is taken back, and one that comes due. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const sent: string[] = [];

@Injectable()
class ReminderTasks {
  @Task()
  remind(what: string): void {
    sent.push(what);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true })],
  providers: [ReminderTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { remind } = app.get(QueueClient).of(ReminderTasks);
  const later = await remind.with({ delay: '1h' }).delay('later');
  await remind.with({ eta: new Date(Date.now() + 20) }).delay('soon');
  await until('it is due', () => sent.includes('soon'));
  assert.equal((await later.status()).state, 'scheduled');
  assert.equal(await later.cancel(), 'scheduled');
  assert.deepEqual(sent, ['soon']);
  assert.equal(await app.get(DeadLetters).count(), 0);
}
