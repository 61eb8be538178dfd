/** Situation: a task that returns an Observable is done when it completes, and fails when it fails. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskQueueModule } from 'nestwork';
import { drainTasks } from 'nestwork/testing';
import { concat, from, map, type Observable, tap, throwError, timer } from 'rxjs';

const seen: number[] = [];

@Injectable()
class FeedTasks {
  @Task()
  import(): Observable<number> {
    return concat(timer(1).pipe(map(() => 0)), from([1, 2])).pipe(tap((item) => seen.push(item)));
  }

  @Task()
  fail(): Observable<number> {
    return throwError(() => new Error('no feed'));
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [FeedTasks] })
export class AppModule {}

export async function scenario(app: INestApplicationContext): Promise<void> {
  const feeds = app.get(QueueClient).of(FeedTasks);
  await feeds.import.delay();
  await feeds.fail.delay();
  const [imported, failed] = await drainTasks(app);
  assert.equal(imported?.error, undefined);
  assert.deepEqual(seen, [0, 1, 2]);
  assert.match(String(failed?.error), /no feed/);
}
