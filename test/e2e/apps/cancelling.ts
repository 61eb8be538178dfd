/** Situation: a user takes back a long export, once while it waits and once while it runs. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskCancelledError, TaskContext, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const log: unknown[] = [];

@Injectable()
class ExportTasks {
  constructor(private readonly context: TaskContext) {}

  @Task({ retries: 5, backoff: 0 })
  async run(user: string): Promise<void> {
    log.push(`${user} started`);
    const { signal } = this.context;
    if (!signal.aborted) await once(signal, 'abort');
    log.push(signal.reason instanceof TaskCancelledError);
    throw signal.reason;
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true })],
  providers: [ExportTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { run } = app.get(QueueClient).of(ExportTasks);
  const running = await run.delay('ada');
  await until('it runs', () => log.includes('ada started'));
  const waiting = await run.delay('bob');
  assert.equal(await waiting.cancel(), 'pending');
  assert.equal(await running.cancel(), 'active');
  await until('it has ended', async () => (await running.status()).state === 'cancelled');
  await until('it has thrown', () => log.length === 2);
  assert.deepEqual(log, ['ada started', true]);
}
