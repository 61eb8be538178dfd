/** Situation: a test of the app with @nestjs/testing, in which a dependency of a task is replaced. */
import assert from 'node:assert/strict';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

@Injectable()
class Mailer {
  async send(_to: string): Promise<void> {
    throw new Error('a test must not send mail');
  }
}

@Injectable()
class MailTasks {
  constructor(private readonly mailer: Mailer) {}

  @Task()
  async welcome(to: string): Promise<void> {
    await this.mailer.send(to);
  }
}

@Injectable()
class SignupService {
  constructor(private readonly queue: QueueClient) {}

  async signUp(user: string): Promise<void> {
    await this.queue.of(MailTasks).welcome.delay(user);
  }
}

@Module({
  imports: [TaskQueueModule.forRootAsync({ useFactory: () => ({ redis: process.env.REDIS_URL }) })],
  providers: [Mailer, MailTasks, SignupService],
})
class AppModule {}

export async function scenario(): Promise<void> {
  const sent: string[] = [];
  const mailer = { send: async (to: string): Promise<number> => sent.push(to) };
  const app = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(Mailer)
    .useValue(mailer)
    .compile();
  await app.init();
  try {
    await app.get(SignupService).signUp('ada');
    const [drained] = await drainTasks(app);
    assert.equal(drained?.name, 'MailTasks.welcome');
    assert.equal(drained?.error, undefined);
    assert.deepEqual(sent, ['ada']);
  } finally {
    await app.close();
  }
}
