/** Situation: headers of a call, which stay with a task when it is tried again and when it is dead. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { DeadLetters, QueueClient, Task, TaskContext, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: [attempt: number, trace: unknown][] = [];
let repaired = false;

@Injectable()
class InvoiceTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ retries: 1, backoff: 0 })
  send(): void {
    seen.push([this.context.attempt, this.context.headers.trace]);
    if (!repaired) throw new Error('no server');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [InvoiceTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { send } = app.get(QueueClient).of(InvoiceTasks);
  assert.throws(() => send.with({ headers: { trace: 7 as unknown as string } }), { code: 'INVALID_HEADERS' });
  const { id } = await send.with({ headers: { trace: 't-1' } }).delay();
  await drainTasks(app);
  repaired = true;
  assert.equal(await app.get(DeadLetters).redrive(id), 'redriven');
  await drainTasks(app);
  assert.deepEqual(seen, [
    [1, 't-1'],
    [2, 't-1'],
    [1, 't-1'],
  ]);
}
