/** Situation: a sender without the class cannot check a payload; the worker buries a bad one at once. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module, UsePipes, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsEmail } from 'class-validator';
import { DeadLetters, Payload, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import { z } from 'zod';

class UserDto {
  @IsEmail()
  email!: string;
}

const Order = z.object({ id: z.int() });

@Injectable()
class ShopTasks {
  @Task({ retries: 5 })
  @UsePipes(new ValidationPipe())
  welcome(_user: UserDto): void {
    assert.fail('a bad payload came through');
  }

  @Task({ retries: 5 })
  ship(@Payload({ schema: Order }) _order: { id: number }): void {
    assert.fail('a bad payload came through');
  }
}

/** An app of others, which only sends. */
@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })] })
class SenderModule {}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [ShopTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const sender = await NestFactory.createApplicationContext(SenderModule);
  await sender.get(QueueClient).task('ShopTasks.welcome').delay({ email: 'nobody' });
  await sender.get(QueueClient).task('ShopTasks.ship').delay({ id: 'seven' });
  await sender.close();
  await drainTasks(app);
  const { tasks } = await app.get(DeadLetters).list({}, { order: 'oldest' });
  assert.deepEqual(
    tasks.map(({ task, code, attempt }) => [task, code, attempt]),
    [
      ['ShopTasks.welcome', 'INVALID_PAYLOAD', 1],
      ['ShopTasks.ship', 'INVALID_PAYLOAD', 1],
    ],
  );
}
