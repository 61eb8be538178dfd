/** Situation: a parameter decorator of the app, shared by its tasks. */
import assert from 'node:assert/strict';
import {
  createParamDecorator,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
} from '@nestjs/common';
import { QueueClient, Task, TaskExecutionContext, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const Attempt = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => TaskExecutionContext.create(context).getTask().attempt,
);

const seen: unknown[] = [];

@Injectable()
class MailTasks {
  @Task({ retries: 2, backoff: 0 })
  send(to: string, @Attempt() attempt = 0): void {
    seen.push([to, attempt]);
    if (attempt < 3) throw new Error('busy');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [MailTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app.get(QueueClient).of(MailTasks).send.delay('ada');
  const [sent] = await drainTasks(app);
  assert.equal(sent?.error, undefined);
  assert.deepEqual(seen, [
    ['ada', 1],
    ['ada', 2],
    ['ada', 3],
  ]);
}
