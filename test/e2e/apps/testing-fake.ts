/** Situation: a test of the tasks that an app sends, without Redis. */
import assert from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { assertEnqueued, assertNotEnqueued, TaskQueueTestingModule, TestQueue } from 'nestwork/testing';

@Injectable()
class MailTasks {
  @Task()
  welcome(_userId: number, _options: { trial: boolean }): void {
    assert.fail('nothing runs in this mode');
  }
}

@Injectable()
class SignupService {
  constructor(private readonly queue: QueueClient) {}

  async signUp(userId: number): Promise<void> {
    await this.queue.of(MailTasks).welcome.with({ delay: '10m' }).delay(userId, { trial: true });
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: 'redis://redis.invalid:6379' })],
  providers: [MailTasks, SignupService],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await Test.createTestingModule({
    imports: [AppModule, TaskQueueTestingModule.forRoot({ mode: 'fake' })],
  }).compile();
  await app.init();
  const queue = app.get(TestQueue);
  const { welcome } = MailTasks.prototype;
  await app.get(SignupService).signUp(42);
  assertEnqueued(queue, welcome, [42, { trial: true }], { delay: '10m', times: 1 });
  assertNotEnqueued(queue, welcome, [7, { trial: true }]);
  assert.throws(
    () => assertEnqueued(queue, welcome, [42, { trial: false }]),
    /args\[1\]\.trial: expected false, was true/,
  );
  await app.close();
}
