/** Situation: guards, interceptors, pipes and filters of a task class and its methods. */
import assert from 'node:assert/strict';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { GuardRefusedError, QueueClient, Task, TaskExecutionContext, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import { type Observable, tap } from 'rxjs';

const seen: string[] = [];

@Injectable()
class OnlyKnown implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return TaskExecutionContext.create(context).getArgByIndex(0) !== 'stranger';
  }
}

@Injectable()
class Timed implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { name } = TaskExecutionContext.create(context).getTask();
    seen.push(`before ${name}`);
    return next.handle().pipe(tap({ complete: () => seen.push(`after ${name}`) }));
  }
}

@Injectable()
class Trim implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.trim() : value;
  }
}

@Catch()
class Note implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): string {
    seen.push(`filtered ${TaskExecutionContext.create(host).getTask().name}: ${error.name}`);
    return 'handled';
  }
}

@Injectable()
@UseGuards(OnlyKnown)
@UseInterceptors(Timed)
@UseFilters(Note)
class MailTasks {
  @Task()
  @UsePipes(Trim)
  send(to: string): void {
    seen.push(`sent to ${to}`);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [MailTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { send } = app.get(QueueClient, { strict: false }).of(MailTasks);
  await send.delayMany([['  ada '], ['stranger']]);
  const [sent, refused] = await drainTasks(app);
  assert.equal(sent?.error, undefined);
  assert.ok(refused?.error instanceof GuardRefusedError);
  assert.deepEqual(seen, [
    'before MailTasks.send',
    'sent to ada',
    'after MailTasks.send',
    'filtered MailTasks.send: GuardRefusedError',
  ]);
}
