/** Situation: the dependencies of a task class are made for each task, and REQUEST is the task. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { QueueClient, Task, type TaskInfo, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: unknown[] = [];

@Injectable({ scope: Scope.REQUEST })
class UnitOfWork {
  readonly changes: string[] = [];

  constructor(@Inject(REQUEST) readonly task: TaskInfo) {}
}

@Injectable()
class OrderTasks {
  constructor(private readonly work: UnitOfWork) {}

  @Task()
  ship(order: string): void {
    this.work.changes.push(order);
    seen.push([this.work.task.name, this.work.task.args, [...this.work.changes]]);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [OrderTasks, UnitOfWork] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient, { strict: false })
    .of(OrderTasks)
    .ship.delayMany([['a'], ['b']]);
  await drainTasks(app);
  assert.deepEqual(seen, [
    ['OrderTasks.ship', ['a'], ['a']],
    ['OrderTasks.ship', ['b'], ['b']],
  ]);
}
