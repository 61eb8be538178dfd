/** Situation: metrics of every task, by hooks that nest in the order of their providers. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import {
  type OnTaskFailure,
  type OnTaskStart,
  type OnTaskSuccess,
  QueueClient,
  Task,
  TaskContext,
  TaskHooks,
  type TaskInfo,
  TaskQueueModule,
  type WrapTask,
} from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const log: string[] = [];

@TaskHooks()
@Injectable()
class Metrics implements OnTaskStart, OnTaskSuccess, OnTaskFailure, WrapTask {
  constructor(private readonly context: TaskContext) {}

  onTaskStart({ name }: TaskInfo): void {
    log.push(`start ${name} #${this.context.attempt}`);
  }

  onTaskSuccess({ name }: TaskInfo): void {
    log.push(`success ${name}`);
  }

  onTaskFailure({ name }: TaskInfo, error: unknown): void {
    log.push(`failure ${name}: ${error}`);
  }

  async wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
    log.push('outer begins');
    await next().finally(() => log.push('outer ends'));
  }
}

@TaskHooks()
@Injectable()
class Inner implements WrapTask {
  async wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
    log.push('inner begins');
    await next().finally(() => log.push('inner ends'));
  }
}

@Injectable()
class MailTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ retries: 1, backoff: 0 })
  send(): void {
    if (this.context.attempt === 1) throw new Error('busy');
    log.push('sent');
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [Metrics, Inner, MailTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app.get(QueueClient).of(MailTasks).send.delay();
  await drainTasks(app);
  assert.deepEqual(log, [
    ...['start MailTasks.send #1', 'outer begins', 'inner begins', 'inner ends', 'outer ends'],
    'failure MailTasks.send: Error: busy',
    ...['start MailTasks.send #2', 'outer begins', 'inner begins', 'sent', 'inner ends', 'outer ends'],
    'success MailTasks.send',
  ]);
}
