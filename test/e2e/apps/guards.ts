/** Situation: a guard of a class that refuses for good, and one of a method that asks to come again. */
import assert from 'node:assert/strict';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
  UseGuards,
} from '@nestjs/common';
import { DeadLetters, QueueClient, RetryTask, Task, TaskExecutionContext, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const sent: string[] = [];

@Injectable()
class KnownTenant implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const [tenant] = TaskExecutionContext.create(context).getArgs<[string]>();
    return tenant !== 'demo';
  }
}

@Injectable()
class SecondTime implements CanActivate {
  private asked = 0;

  canActivate(): boolean {
    this.asked += 1;
    if (this.asked === 1) throw new RetryTask({ in: '1ms' });
    return true;
  }
}

@Injectable()
@UseGuards(KnownTenant)
class InvoiceTasks {
  @Task({ retries: 3, backoff: 0 })
  @UseGuards(SecondTime)
  send(tenant: string): void {
    sent.push(tenant);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [InvoiceTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app
    .get(QueueClient)
    .of(InvoiceTasks)
    .send.delayMany([['demo'], ['acme']]);
  await drainTasks(app);
  assert.deepEqual(sent, ['acme']);
  const { tasks } = await app.get(DeadLetters).list();
  assert.deepEqual(
    tasks.map(({ code, args, attempt }) => [code, args, attempt]),
    [['GUARD_REFUSED', ['demo'], 1]],
  );
}
