/** Situation: a schema of valibot, looked at once at the call and once at the worker. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Payload, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import * as v from 'valibot';

let looked = 0;
const Counted = v.check((value: { id: number }) => {
  looked++;
  return value.id > 0;
}, 'no such id');

@Injectable()
class StockTasks {
  @Task({ retries: 3, backoff: 0 })
  count(@Payload({ schema: v.pipe(v.object({ id: v.number() }), Counted) }) _item: { id: number }): void {}
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [StockTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { count } = app.get(QueueClient, { strict: false }).of(StockTasks);
  await count.delay({ id: 7 });
  await assert.rejects(count.delay({ id: 0 }), { code: 'INVALID_PAYLOAD' });
  assert.equal(looked, 2);
  const drained = await drainTasks(app);
  assert.deepEqual(
    drained.map(({ error }) => error),
    [undefined],
  );
  assert.equal(looked, 3);
}
