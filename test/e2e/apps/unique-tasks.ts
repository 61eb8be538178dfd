/** Situation: one search index for each shop at a time, and the last of several wishes wins. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const indexed: [shop: string, version: number][] = [];

@Injectable()
class IndexTasks {
  @Task()
  rebuild(shop: string, version: number): void {
    indexed.push([shop, version]);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [IndexTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { rebuild } = app.get(QueueClient).of(IndexTasks);
  const first = await rebuild.with({ key: 'a' }).delay('a', 1);
  const second = await rebuild.with({ key: 'a' }).delay('a', 2);
  assert.equal(second.added, false);
  assert.equal(second.id, first.id);
  await assert.rejects(rebuild.with({ key: 'a', onConflict: 'reject' }).delay('a', 3), { code: 'DUPLICATE_KEY' });
  await rebuild.with({ key: 'a', onConflict: 'replace' }).delay('a', 4);
  await rebuild.with({ key: 'b' }).delay('b', 1);
  await drainTasks(app);
  assert.deepEqual(indexed, [
    ['a', 4],
    ['b', 1],
  ]);
  assert.equal((await rebuild.with({ key: 'a' }).delay('a', 5)).added, true);
}
