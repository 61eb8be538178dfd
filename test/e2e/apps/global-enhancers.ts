/** Situation: the global enhancers of an app run around its tasks by choice, its guard for requests does not. */
import assert from 'node:assert/strict';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { QueueClient, Task, type TaskContextType, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import type { Observable } from 'rxjs';

const seen: string[] = [];

@Injectable()
class WithSession implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest().session !== undefined;
  }
}

@Injectable()
class Traced implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push(context.getType<TaskContextType>());
    return next.handle();
  }
}

@Injectable()
class MailTasks {
  @Task()
  send(to: string): void {
    seen.push(`sent to ${to}`);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, applyGlobalEnhancers: true })],
  providers: [MailTasks, { provide: APP_GUARD, useClass: WithSession }, { provide: APP_INTERCEPTOR, useClass: Traced }],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app.get(QueueClient, { strict: false }).of(MailTasks).send.delay('ada');
  const [sent] = await drainTasks(app);
  assert.equal(sent?.error, undefined);
  assert.deepEqual(seen, ['task', 'sent to ada']);
}
