/** Situation: one connection for each tenant, shared by its tasks. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { type ContextId, ContextIdFactory, type HostComponentInfo, REQUEST } from '@nestjs/core';
import { QueueClient, Task, type TaskInfo, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const tenants = new Map<string, ContextId>();
const seen: [tenant: string, connection: number][] = [];
let connections = 0;

@Injectable({ scope: Scope.REQUEST, durable: true })
class TenantConnection {
  readonly number = ++connections;

  constructor(@Inject(REQUEST) readonly tenant: { readonly tenantId: string }) {}
}

@Injectable()
class InvoiceTasks {
  constructor(private readonly connection: TenantConnection) {}

  @Task()
  draw(): void {
    seen.push([this.connection.tenant.tenantId, this.connection.number]);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [InvoiceTasks, TenantConnection],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  ContextIdFactory.apply({
    attach: (scope: ContextId, { headers }: TaskInfo) => {
      const tenantId = String(headers['x-tenant-id']);
      const tree = tenants.get(tenantId) ?? ContextIdFactory.create();
      tenants.set(tenantId, tree);
      const resolve = ({ isTreeDurable }: HostComponentInfo): ContextId => (isTreeDurable ? tree : scope);
      return { resolve, payload: { tenantId } };
    },
  });
  const { draw } = app.get(QueueClient, { strict: false }).of(InvoiceTasks);
  for (const tenant of ['a', 'b', 'a']) await draw.with({ headers: { 'x-tenant-id': tenant } }).delay();
  await drainTasks(app);
  assert.deepEqual(seen, [
    ['a', 1],
    ['b', 2],
    ['a', 1],
  ]);
}
