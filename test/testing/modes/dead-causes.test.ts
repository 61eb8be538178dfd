import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DeadLetters, QueueClient, Task, TaskQueueModule } from '../../../src/index.js';
import { TaskQueueTestingModule, TestQueue } from '../../../src/testing/index.js';
import { freePort } from '../../support/free-port.js';

@Injectable()
class ReportTasks {
  @Task()
  async send(port: number): Promise<void> {
    await fetch(`http://127.0.0.1:${port}/`);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({}), TaskQueueTestingModule.forRoot({ mode: 'memory' })],
  providers: [ReportTasks],
})
class AppModule {}

it('a task that died of a refused connection behind a fetch is found by its code', async () => {
  const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app.useLogger(false);
  await app.init();
  const port = await freePort();
  const { id } = await app.get(QueueClient).of(ReportTasks).send.delay(port);
  await app.get(TestQueue).drain();
  const { tasks } = await app.get(DeadLetters).list({ task: 'ReportTasks.send', error: 'ECONNREFUSED' });
  expect(tasks).toMatchObject([
    { id, error: `TypeError: fetch failed (caused by Error: connect ECONNREFUSED 127.0.0.1:${port})` },
  ]);
  expect(tasks[0]?.attempts).toMatchObject([{ error: expect.stringContaining('ECONNREFUSED') }]);
  await app.close();
});
