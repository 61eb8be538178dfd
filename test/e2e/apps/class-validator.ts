/** Situation: a DTO of class-validator, refused at the call, and an instance in the task. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module, UsePipes, ValidationPipe } from '@nestjs/common';
import { IsEmail, IsInt } from 'class-validator';
import { InvalidPayloadError, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

class WelcomeDto {
  @IsInt()
  userId!: number;

  @IsEmail()
  email!: string;
}

const seen: unknown[] = [];

@Injectable()
class MailTasks {
  @Task()
  @UsePipes(new ValidationPipe({ transform: true }))
  welcome(user: WelcomeDto, note: string): void {
    seen.push(user instanceof WelcomeDto, user.email, note);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [MailTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { welcome } = app.get(QueueClient, { strict: false }).of(MailTasks);
  await assert.rejects(welcome.delay({ userId: 7, email: 'nobody' }, 'note'), (error) => {
    assert.ok(error instanceof InvalidPayloadError);
    assert.deepEqual(error.problems, [{ path: '', message: 'email must be an email' }]);
    return true;
  });
  await welcome.delay({ userId: 7, email: 'ada@example.org' }, 'note');
  const drained = await drainTasks(app);
  assert.deepEqual(
    drained.map(({ error }) => error),
    [undefined],
  );
  assert.deepEqual(seen, [true, 'ada@example.org', 'note']);
}
