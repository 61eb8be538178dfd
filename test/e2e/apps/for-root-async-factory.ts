/** Situation: options from a factory that injects the settings of the app. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

@Injectable()
class Settings {
  readonly redisUrl = process.env.REDIS_URL;
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class MailTasks {
  @Task()
  send(): void {}
}

@Module({
  imports: [
    TaskQueueModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async (settings: Settings) => ({
        redis: settings.redisUrl,
        queues: ['mail', 'bulk'],
        defaultQueue: 'mail',
      }),
    }),
  ],
  providers: [MailTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const handle = await app.get(QueueClient).of(MailTasks).send.delay();
  assert.equal(handle.queue, 'mail');
  assert.equal((await drainTasks(app)).length, 1);
}
