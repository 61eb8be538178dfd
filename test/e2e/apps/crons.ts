/** Situation: an interval that an app with a worker fires, and a cron that is run by hand. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { Cron, CronExpression, CronManager, Interval, TaskContext, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

const log: string[] = [];

@Injectable()
class DigestTasks {
  constructor(private readonly context: TaskContext) {}

  @Cron(CronExpression.EVERY_DAY_AT_8AM, { timeZone: 'Europe/Paris' })
  digest(): void {
    log.push('digest');
  }

  @Interval('100ms')
  poll(): void {
    if (this.context.cronTime) log.push(`poll at a multiple: ${this.context.cronTime.getTime() % 100 === 0}`);
  }
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL, inProcess: true })],
  providers: [DigestTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const crons = app.get(CronManager);
  await until('the interval was fired', () => log.includes('poll at a multiple: true'));
  await until('the cron is declared', async () => (await crons.list()).length === 2);
  await crons.runNow('DigestTasks.digest');
  await until('the cron ran', () => log.includes('digest'));
  const digest = async () => (await crons.list()).find(({ name }) => name === 'DigestTasks.digest');
  await until('its run is recorded', async () => (await digest())?.lastRun?.outcome === 'done');
  assert.equal((await digest())?.nextRun?.getUTCMinutes(), 0);
}
