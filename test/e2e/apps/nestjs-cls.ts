/** Situation: the tenant of nestjs-cls goes from the sender to the task, and from there to the tasks that it sends. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { ClsModule, ClsService } from 'nestjs-cls';
import { QueueClient, Task, TaskHooks, type TaskInfo, TaskQueueModule, type WrapTask } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: [task: string, tenant: unknown][] = [];

@TaskHooks()
@Injectable()
class TenantOfTask implements WrapTask {
  constructor(private readonly cls: ClsService) {}

  wrapTask({ headers }: TaskInfo, next: () => Promise<void>): Promise<void> {
    return this.cls.run(() => {
      this.cls.set('tenant', headers.tenant);
      return next();
    });
  }
}

@Injectable()
class InvoiceTasks {
  constructor(
    private readonly cls: ClsService,
    private readonly queue: QueueClient,
  ) {}

  @Task()
  async draw(): Promise<void> {
    seen.push(['draw', this.cls.get('tenant')]);
    await this.queue.of(InvoiceTasks).send.delay();
  }

  @Task()
  send(): void {
    seen.push(['send', this.cls.get('tenant')]);
  }
}

@Module({
  imports: [
    ClsModule.forRoot({ global: true }),
    TaskQueueModule.forRootAsync({
      inject: [ClsService],
      useFactory: (cls: ClsService) => ({
        redis: process.env.REDIS_URL,
        propagate: () => ({ tenant: cls.get<string>('tenant') }),
      }),
    }),
  ],
  providers: [InvoiceTasks, TenantOfTask],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const cls = app.get(ClsService);
  const { draw } = app.get(QueueClient).of(InvoiceTasks);
  for (const tenant of ['acme', undefined]) {
    await cls.run(async () => {
      cls.set('tenant', tenant);
      await draw.delay();
    });
  }
  await drainTasks(app);
  assert.deepEqual(seen, [
    ['draw', 'acme'],
    ['draw', undefined],
    ['send', 'acme'],
    ['send', undefined],
  ]);
}
