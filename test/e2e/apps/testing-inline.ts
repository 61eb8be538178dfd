/** Situation: a test of an app as a whole: its tasks run at once, with its pipes, its headers and its retries. */
import assert from 'node:assert/strict';
import { type CanActivate, type ExecutionContext, Injectable, Module, ParseIntPipe, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { DeadLetters, Payload, QueueClient, Task, TaskContext, TaskExecutionContext, TaskQueueModule } from 'nestwork';
import { TaskQueueTestingModule, TestQueue } from 'nestwork/testing';

const sent: unknown[] = [];

@Injectable()
class KnownTenant implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return TaskExecutionContext.create(context).getTask().headers.tenant === 'acme';
  }
}

@Injectable()
@UseGuards(KnownTenant)
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ retries: 2 })
  send(@Payload(ParseIntPipe) userId: number | string): void {
    sent.push([userId, this.context.attempt]);
    if (this.context.attempt < 3) throw new Error('busy');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: 'redis://redis.invalid:6379' })], providers: [MailTasks] })
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await Test.createTestingModule({
    imports: [AppModule, TaskQueueTestingModule.forRoot({ mode: 'inline' })],
  }).compile();
  await app.init();
  const { send } = app.get(QueueClient).of(MailTasks);
  await send.with({ headers: { tenant: 'acme' } }).delay('7');
  assert.deepEqual(sent, [
    [7, 1],
    [7, 2],
    [7, 3],
  ]);
  assert.deepEqual(app.get(TestQueue).failures(), []);
  await send.delay('8');
  assert.equal(sent.length, 3);
  assert.deepEqual(
    (await app.get(DeadLetters).list()).tasks.map(({ code }) => code),
    ['GUARD_REFUSED'],
  );
  await app.close();
}
