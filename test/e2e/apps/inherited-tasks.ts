/** Situation: tasks of an abstract class, for each class that extends it. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';

const seen: string[] = [];

abstract class Importer {
  protected abstract readonly kind: string;

  @Task({ retries: 1, backoff: 0 })
  import(file: string): void {
    seen.push(`${this.kind} from ${file}`);
  }
}

@Injectable()
class UserImporter extends Importer {
  protected readonly kind = 'users';
}

@Injectable()
class OrderImporter extends Importer {
  protected readonly kind = 'orders';
}

@Module({
  imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })],
  providers: [UserImporter, OrderImporter],
})
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const queue = app.get(QueueClient);
  await queue.of(UserImporter).import.delay('a.csv');
  await queue.of(OrderImporter).import.delay('b.csv');
  const drained = await drainTasks(app);
  assert.deepEqual(seen, ['users from a.csv', 'orders from b.csv']);
  assert.deepEqual(
    drained.map(({ name }) => name),
    ['UserImporter.import', 'OrderImporter.import'],
  );
}
