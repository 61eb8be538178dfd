/** Situation: the unit test of one controller, which imports no module of the app. */
import assert from 'node:assert/strict';
import { Body, Controller, Injectable, Post } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { QueueClient, Task } from 'nestwork';
import { assertEnqueued, TaskQueueTestingModule, TestQueue } from 'nestwork/testing';

@Injectable()
class Mailer {}

@Injectable()
class MailTasks {
  constructor(readonly mailer: Mailer) {}

  @Task({ queue: 'mails', retries: 1 })
  welcome(_userId: number): void {
    throw new RangeError('no such user');
  }
}

@Injectable()
class AuditTasks {
  @Task()
  note(_what: string): void {}
}

@Controller('users')
class UsersController {
  constructor(private readonly queue: QueueClient) {}

  @Post()
  async create(@Body() { id }: { id: number }): Promise<void> {
    await this.queue.of(MailTasks).welcome.delay(id);
  }
}

export async function scenario(): Promise<void> {
  const part = await Test.createTestingModule({
    imports: [TaskQueueTestingModule],
    controllers: [UsersController],
    providers: [AuditTasks],
  }).compile();
  await part.get(UsersController).create({ id: 42 });
  await part.init();
  await part.get(UsersController).create({ id: 43 });
  const queue = part.get(TestQueue);
  assertEnqueued(queue, queue.of(MailTasks).welcome, [42], { times: 1, queue: 'mails' });
  assertEnqueued(queue, queue.of(MailTasks).welcome, [43], { times: 1 });
  await part.close();

  const whole = await Test.createTestingModule({
    imports: [TaskQueueTestingModule.forRoot({ mode: 'memory', defaults: { backoff: '1m' } })],
    controllers: [UsersController],
    providers: [MailTasks, Mailer],
  }).compile();
  await whole.init();
  await whole.get(UsersController).create({ id: 42 });
  const [first, second] = await whole.get(TestQueue).advance('1h');
  assert.deepEqual([first?.outcome, second?.outcome], ['retried', 'dead']);
  await whole.close();
}
