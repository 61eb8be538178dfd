/** Situation: a schema of zod, whose input is the argument of senders and whose output is the argument of the task. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { InvalidPayloadError, Payload, type PayloadOf, QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import { z } from 'zod';

const Reminder = z.object({
  at: z.iso.datetime().transform((text) => new Date(text)),
  note: z.string().default('none'),
});

const seen: unknown[] = [];

@Injectable()
class CalendarTasks {
  @Task({ retries: 3 })
  remind(_userId: number, @Payload({ schema: Reminder }) reminder: PayloadOf<typeof Reminder>): void {
    seen.push(reminder.at.getUTCFullYear(), reminder.note);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [CalendarTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const { remind } = app.get(QueueClient, { strict: false }).of(CalendarTasks);
  const at = '2031-05-01T08:00:00Z';
  await assert.rejects(
    remind.delayMany([
      [1, { at }],
      [2, { at: 'soon' }],
    ]),
    (error) => {
      assert.ok(error instanceof InvalidPayloadError);
      assert.deepEqual([error.argument, error.problems[0]?.path], [1, 'at']);
      return true;
    },
  );
  await remind.delay(1, { at });
  assert.equal((await drainTasks(app)).length, 1);
  assert.deepEqual(seen, [2031, 'none']);
}
