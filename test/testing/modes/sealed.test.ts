/** Apps under test whose payloads are sealed. */
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient } from '../../../src/client/queue-client.js';
import { Broadcast } from '../../../src/decorators/broadcast.decorator.js';
import { Task } from '../../../src/decorators/task.decorator.js';
import { BroadcastLog } from '../../../src/inspector/broadcast-log.js';
import { DeadLetters } from '../../../src/inspector/dead-letters.js';
import { TaskQueueModule } from '../../../src/module/task-queue.module.js';
import { TaskQueueTestingModule } from '../../../src/testing/task-queue-testing.module.js';
import type { TestMode } from '../../../src/testing/test-bench.js';
import { TestQueue } from '../../../src/testing/test-queue.js';
import { Lines } from '../../module/apps.js';

@Injectable()
class MailTasks {
  @Task({ retries: 0 })
  async fail(address: string): Promise<void> {
    throw new Error(`no route to ${address}`);
  }

  @Broadcast()
  async forget(address: string): Promise<void> {
    throw new Error(`forgot ${address}`);
  }
}

let app: TestingModule;
afterEach(() => app.close());

async function boot(mode: TestMode): Promise<TestQueue> {
  const payload = { encrypt: { keys: [randomBytes(32)] } };
  app = await Test.createTestingModule({
    imports: [TaskQueueModule.forRoot({ payload }), TaskQueueTestingModule.forRoot({ mode })],
    providers: [MailTasks],
  })
    .setLogger(new Lines())
    .compile();
  await app.init();
  return app.get(TestQueue);
}

it.each<TestMode>(['fake', 'inline', 'memory'])(
  'a sealed call in mode %s has its arguments and its key',
  async (mode) => {
    const queue = await boot(mode);
    await app.get(QueueClient).of(MailTasks).fail.with({ key: 'user-7' }).delay('anna');
    const [task] = queue.enqueued('MailTasks.fail');
    expect(task?.args).toEqual(['anna']);
    expect([task?.hasKey('user-7'), task?.hasKey('user-8')]).toEqual([true, false]);
  },
);

it('a sealed task that runs in memory has its arguments, and dies with its error', async () => {
  const queue = await boot('memory');
  const { id } = await app.get(QueueClient).of(MailTasks).fail.delay('anna');
  expect(await queue.drain()).toMatchObject([{ name: 'MailTasks.fail', args: ['anna'], outcome: 'dead' }]);
  const dead = await app.get(DeadLetters).get(id);
  expect(dead).toMatchObject({ sealed: true, args: ['anna'], error: 'Error: no route to anna' });
});

it('the error of a sealed broadcast in memory is opened by the log', async () => {
  const queue = await boot('memory');
  const { id } = await app.get(QueueClient).of(MailTasks).forget.delay('anna');
  expect(await queue.drain()).toMatchObject([{ args: ['anna'], outcome: 'dead' }]);
  expect(await app.get(BroadcastLog).outcomes(id)).toMatchObject([{ ok: false, error: 'Error: forgot anna' }]);
});
