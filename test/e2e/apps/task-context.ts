/** Situation: code deep below a task reads for which task it works. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskContext, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

@Injectable()
class AuditLog {
  readonly entries: string[] = [];

  constructor(private readonly context: TaskContext) {}

  write(what: string): void {
    const [order] = this.context.args as [string];
    this.entries.push(`${order} ${what}`);
  }
}

@Injectable()
class Warehouse {
  constructor(private readonly log: AuditLog) {}

  async pick(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.log.write('after a timer');
    for await (const item of Readable.from(['item'])) this.log.write(`in a stream: ${item}`);
    const doors = new EventEmitter();
    const opened = once(doors, 'open');
    doors.on('open', () => this.log.write('in an event'));
    process.nextTick(() => doors.emit('open'));
    await opened;
  }
}

@Injectable()
class OrderTasks {
  constructor(private readonly warehouse: Warehouse) {}

  @Task()
  async ship(_order: string): Promise<void> {
    await this.warehouse.pick();
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: { concurrency: 2 } })],
  providers: [OrderTasks, Warehouse, AuditLog],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient)
    .of(OrderTasks)
    .ship.delayMany([['a'], ['b']]);
  const { entries } = app.get(AuditLog);
  await until('both are shipped', () => entries.length === 6);
  for (const order of ['a', 'b']) {
    assert.deepEqual(
      entries.filter((entry) => entry.startsWith(order)),
      [`${order} after a timer`, `${order} in a stream: item`, `${order} in an event`],
    );
  }
  const context = app.get(TaskContext);
  assert.equal(context.active, false);
  assert.throws(() => context.id, { code: 'OUTSIDE_TASK' });
}
