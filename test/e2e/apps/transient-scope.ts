/** Situation: a transient task class is made for each task, a transient dependency for each that injects it. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module, Scope } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: [name: string, buffered: number, logger: string][] = [];

@Injectable({ scope: Scope.TRANSIENT })
class Label {
  text = 'unset';
}

@Injectable({ scope: Scope.TRANSIENT })
class ImportTasks {
  private buffered = 0;

  constructor(private readonly label: Label) {}

  @Task()
  run(name: string): void {
    this.buffered += 1;
    seen.push([name, this.buffered, this.label.text]);
    this.label.text = name;
  }
}

@Injectable()
class ExportTasks {
  private buffered = 0;

  constructor(private readonly label: Label) {}

  @Task()
  run(name: string): void {
    this.buffered += 1;
    seen.push([name, this.buffered, this.label.text]);
    this.label.text = name;
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [ImportTasks, ExportTasks, Label],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const queue = app.get(QueueClient);
  await queue.of(ImportTasks).run.delayMany([['a'], ['b']]);
  await queue.of(ExportTasks).run.delayMany([['c'], ['d']]);
  await drainTasks(app);
  assert.deepEqual(seen, [
    ['a', 1, 'unset'],
    ['b', 1, 'unset'],
    ['c', 1, 'unset'],
    ['d', 2, 'c'],
  ]);
}
