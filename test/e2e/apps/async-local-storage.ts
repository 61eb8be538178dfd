/** Situation: a storage that a wrapper opens around every task, and that no task shares with another. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskHooks, type TaskInfo, TaskQueueModule, type WrapTask } from 'nestwork';
import { until } from '../harness/until.js';

/** Statements of one transaction. */
const transaction = new AsyncLocalStorage<string[]>();
const committed: string[][] = [];

@TaskHooks()
@Injectable()
class InTransaction implements WrapTask {
  wrapTask(_task: TaskInfo, next: () => Promise<void>): Promise<void> {
    const statements: string[] = [];
    return transaction.run(statements, async () => {
      await next();
      committed.push(statements);
    });
  }
}

@Injectable()
class Table {
  insert(row: string): void {
    transaction.getStore()?.push(row);
  }
}

@Injectable()
class ImportTasks {
  constructor(private readonly table: Table) {}

  @Task()
  async run(name: string): Promise<void> {
    for (const number of [1, 2]) {
      this.table.insert(`${name}${number}`);
      await setImmediate();
    }
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: { concurrency: 3 } })],
  providers: [ImportTasks, Table, InTransaction],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient)
    .of(ImportTasks)
    .run.delayMany([['a'], ['b'], ['c']]);
  await until('all have committed', () => committed.length === 3);
  assert.deepEqual(committed.map((rows) => rows.join(' ')).sort(), ['a1 a2', 'b1 b2', 'c1 c2']);
  assert.equal(transaction.getStore(), undefined);
}
