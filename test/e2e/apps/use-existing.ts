/** Situation: a task class under several tokens is one task, not several. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Cron, CronManager, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: string[] = [];

@Injectable()
class ReportTasks {
  @Task()
  send(to: string): void {
    seen.push(to);
  }

  @Cron('0 8 * * *', { timeZone: 'Europe/Paris' })
  digest(): void {
    seen.push('digest');
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [
    ReportTasks,
    { provide: 'REPORTS', useExisting: ReportTasks },
    { provide: 'REPORTS_OF_LAST_YEAR', useExisting: 'REPORTS' },
  ],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  assert.equal(app.get('REPORTS_OF_LAST_YEAR'), app.get(ReportTasks));
  const { send, digest } = app.get(QueueClient).of(ReportTasks);
  await send.delay('ada');
  await digest.delay();
  await drainTasks(app);
  assert.deepEqual(seen, ['ada', 'digest']);
  assert.deepEqual(await app.get(CronManager).list(), []); // no worker has declared it
}
