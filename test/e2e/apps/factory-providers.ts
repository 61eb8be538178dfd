/** Situation: task classes that factories make, hand on and wait for. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: string[] = [];

class MailTasks {
  constructor(private readonly sender: string) {}

  @Task()
  send(to: string): void {
    seen.push(`${this.sender} to ${to}`);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [
    { provide: 'SENDER', useFactory: async () => 'shop@example.org' },
    { provide: MailTasks, useFactory: (sender: string) => new MailTasks(sender), inject: ['SENDER'] },
    { provide: 'ALIAS', useExisting: MailTasks },
    { provide: 'HANDED_ON', useFactory: (tasks: MailTasks) => tasks, inject: [MailTasks] },
  ],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app.get(QueueClient, { strict: false }).of(MailTasks).send.delay('ada');
  await drainTasks(app);
  assert.deepEqual(seen, ['shop@example.org to ada']);
}
