/** Situation: a test of events over days, in no time: a backoff, a reminder, a cron. */
import assert from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Cron, CronExpression, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { TaskQueueTestingModule, TestQueue } from 'nestwork/testing';

@Injectable()
class MailTasks {
  @Task({ retries: 1, backoff: { type: 'fixed', delay: '1m' } })
  send(to: string): void {
    if (to === 'nobody') throw new Error('no such user');
  }

  @Cron(CronExpression.EVERY_DAY_AT_8AM, { timeZone: 'UTC' })
  digest(): void {}
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: 'redis://redis.invalid:6379' })], providers: [MailTasks] })
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await Test.createTestingModule({
    imports: [AppModule, TaskQueueTestingModule.forRoot({ mode: 'memory' })],
  }).compile();
  await app.init();
  const queue = app.get(TestQueue);
  const { send } = app.get(QueueClient).of(MailTasks);
  const outcomes = async (runs: ReturnType<TestQueue['drain']>): Promise<string[]> =>
    (await runs).filter(({ name }) => name === 'MailTasks.send').map(({ args, outcome }) => `${args} ${outcome}`);

  await send.delay('nobody');
  await send.with({ delay: '2h' }).delay('ada');
  assert.deepEqual(await outcomes(queue.drain()), ['nobody retried']);
  assert.deepEqual(await outcomes(queue.advance('59s')), []);
  assert.deepEqual(await outcomes(queue.advance('1s')), ['nobody dead']);
  assert.deepEqual(await outcomes(queue.advance('2h')), ['ada done']);
  const runs = await queue.advance('3d');
  assert.equal(runs.filter(({ name }) => name === 'MailTasks.digest').length, 3);
  assert.deepEqual(
    (await queue.runCron('MailTasks.digest')).map(({ outcome }) => outcome),
    ['done'],
  );
  await app.close();
}
