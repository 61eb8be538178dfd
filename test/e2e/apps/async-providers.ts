/** Situation: a worker waits for a provider that connects while the app boots. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type INestApplicationContext, Inject, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { until } from '../harness/until.js';

interface Database {
  readonly rows: string[];
}

@Module({
  providers: [
    {
      provide: 'DATABASE',
      useFactory: async (): Promise<Database> => {
        await setImmediate();
        return { rows: [] };
      },
    },
  ],
  exports: ['DATABASE'],
})
class DatabaseModule {}

@Injectable()
class RowTasks {
  constructor(@Inject('DATABASE') private readonly database: Database) {}

  @Task()
  insert(row: string): void {
    this.database.rows.push(row);
  }
}

@Module({
  imports: [
    DatabaseModule,
    TaskQueueModule.forRootAsync({
      useFactory: async () => ({ redis: await Promise.resolve(process.env.REDIS_URL), inProcess: true }),
    }),
  ],
  providers: [RowTasks],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  await app.get(QueueClient).of(RowTasks).insert.delay('first');
  const { rows } = app.get<Database>('DATABASE');
  await until('the row is in', () => rows.length === 1);
  assert.deepEqual(rows, ['first']);
}
