/** Situation: an integration test with a Redis of its own, as a user of the library starts it. */
import assert from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks, RedisServer } from 'nestwork/testing';

let url = '';
const sent: string[] = [];

@Injectable()
class MailTasks {
  @Task()
  send(to: string): void {
    sent.push(to);
  }
}

@Module({
  imports: [TaskQueueModule.forRootAsync({ useFactory: () => ({ redis: url }) })],
  providers: [MailTasks],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const server = await RedisServer.start();
  try {
    url = server.url;
    const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await app.init();
    await app.get(QueueClient).of(MailTasks).send.delay('ada');
    const runs = await drainTasks(app);
    assert.deepEqual(
      runs.map(({ name, attempt, outcome }) => [name, attempt, outcome]),
      [['MailTasks.send', 1, 'done']],
    );
    assert.deepEqual(sent, ['ada']);
    await app.close();
  } finally {
    await server.stop();
  }
}
