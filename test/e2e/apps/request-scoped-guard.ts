/** Situation: a guard that is made for each task, because its dependency is. */
import assert from 'node:assert/strict';
import {
  type CanActivate,
  type INestApplicationContext,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { QueueClient, Task, type TaskInfo, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const allowed: unknown[] = [];

@Injectable({ scope: Scope.REQUEST })
class CurrentTenant {
  readonly id: unknown;

  constructor(@Inject(REQUEST) { headers }: TaskInfo) {
    this.id = headers.tenant;
  }
}

@Injectable()
class HasPaid implements CanActivate {
  constructor(private readonly tenant: CurrentTenant) {}

  canActivate(): boolean {
    return this.tenant.id === 'acme';
  }
}

@Injectable()
class ExportTasks {
  constructor(private readonly tenant: CurrentTenant) {}

  @Task()
  @UseGuards(HasPaid)
  run(): void {
    allowed.push(this.tenant.id);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [ExportTasks, CurrentTenant],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { run } = app.get(QueueClient).of(ExportTasks);
  for (const tenant of ['acme', 'other']) await run.with({ headers: { tenant } }).delay();
  const drained = await drainTasks(app);
  assert.deepEqual(
    drained.map(({ error }) => error === undefined),
    [true, false],
  );
  assert.deepEqual(allowed, ['acme']);
}
