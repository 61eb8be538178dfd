/** Situation: interceptors of a class and of a method, one of which turns a failure into a success on purpose. */
import assert from 'node:assert/strict';
import {
  type CallHandler,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import { catchError, type Observable, of, tap } from 'rxjs';

const seen: string[] = [];

@Injectable()
class Logged implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const method = context.getHandler().name;
    seen.push(`${method} begins`);
    return next.handle().pipe(tap({ finalize: () => seen.push(`${method} ends`) }));
  }
}

@Injectable()
class Forgiving implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: Error) => {
        seen.push(`forgiven: ${error.message}`);
        return of(undefined);
      }),
    );
  }
}

@Injectable()
@UseInterceptors(Logged)
class MailTasks {
  @Task()
  @UseInterceptors(Forgiving)
  greet(): void {
    throw new Error('no server');
  }

  @Task()
  remind(): void {
    throw new Error('no address');
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [MailTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { greet, remind } = app.get(QueueClient).of(MailTasks);
  await greet.delay();
  await remind.delay();
  const drained = await drainTasks(app);
  assert.deepEqual(
    drained.map(({ error }) => (error as Error | undefined)?.message),
    [undefined, 'no address'],
  );
  assert.deepEqual(seen, ['greet begins', 'forgiven: no server', 'greet ends', 'remind begins', 'remind ends']);
}
