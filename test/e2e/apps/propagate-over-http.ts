/** Situation: the tenant of a request becomes that of the tasks it sends, and of those that they send. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Controller, Headers, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueClient, Task, TaskContext, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const tenants = new AsyncLocalStorage<string>();
const seen: [task: string, tenant: unknown][] = [];

@Injectable()
class OrderTasks {
  constructor(
    private readonly context: TaskContext,
    private readonly queue: QueueClient,
  ) {}

  @Task()
  async ship(): Promise<void> {
    seen.push(['ship', this.context.headers.tenant]);
    await this.queue.of(OrderTasks).notify.delay();
  }

  @Task()
  notify(): void {
    seen.push(['notify', this.context.headers.tenant]);
  }
}

@Controller('orders')
class OrderController {
  constructor(private readonly queue: QueueClient) {}

  @Post()
  async order(@Headers('x-tenant-id') tenant: string): Promise<string> {
    const { id } = await tenants.run(tenant, () => this.queue.of(OrderTasks).ship.delay());
    return id;
  }
}

@Module({
  imports: [
    TaskQueueModule.forRoot({
      redis: process.env.REDIS_URL,
      inProcess: true,
      propagate: (task) => ({ tenant: tenants.getStore() ?? task?.headers.tenant }),
    }),
  ],
  controllers: [OrderController],
  providers: [OrderTasks],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  await app.listen(0, '127.0.0.1');
  try {
    const request = { method: 'POST', headers: { 'x-tenant-id': 'acme' } };
    assert.equal((await fetch(`${await app.getUrl()}/orders`, request)).status, 201);
    await until('both have run', () => seen.length === 2);
    assert.deepEqual(seen, [
      ['ship', 'acme'],
      ['notify', 'acme'],
    ]);
  } finally {
    await app.close();
  }
}
