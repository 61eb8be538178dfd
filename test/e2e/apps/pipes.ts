/** Situation: pipes of a class, of a method and of a single parameter. */
import assert from 'node:assert/strict';
import {
  type INestApplicationContext,
  Injectable,
  Module,
  ParseIntPipe,
  type PipeTransform,
  UsePipes,
} from '@nestjs/common';
import { InvalidPayloadError, Payload, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: unknown[] = [];

@Injectable()
class Trim implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.trim() : value;
  }
}

@Injectable()
class LowerCase implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? value.toLowerCase() : value;
  }
}

@Injectable()
@UsePipes(Trim)
class MailTasks {
  @Task()
  @UsePipes(LowerCase)
  send(to: string): void {
    seen.push(to);
  }
}

@Injectable()
class PageTasks {
  @Task({ retries: 3 })
  index(@Payload(ParseIntPipe) page: number | string, note: string): void {
    seen.push(page, note);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [MailTasks, PageTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const queue = app.get(QueueClient);
  await queue.of(MailTasks).send.delay('  Ada@Example.ORG ');
  await queue.of(PageTasks).index.delay('7', '  as it is ');
  await queue.of(PageTasks).index.delay('seven', 'never');
  const [, , refused] = await drainTasks(app);
  assert.deepEqual(seen, ['ada@example.org', 7, '  as it is ']);
  assert.ok(refused?.error instanceof InvalidPayloadError);
}
