/** Situation: an app in CommonJS, whose worker loads the library with `require`. */
import assert from 'node:assert/strict';
import { type INestApplicationContext, Injectable, Module } from '@nestjs/common';
import { QueueClient, Task, TaskContext, TaskQueueModule, WorkerFactory } from 'nestwork';
import { AppProcess } from '../harness/app-process.js';

@Injectable()
class GreetingTasks {
  constructor(private readonly context: TaskContext) {}

  @Task()
  greet(name: string): void {
    const how = typeof require === 'function' ? 'CommonJS' : 'an ES module';
    console.log(`HELLO ${name} from ${how}, attempt ${this.context.attempt}`);
  }
}

@Module({ imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL })], providers: [GreetingTasks] })
export class AppModule {}

export const worker = (): Promise<void> => WorkerFactory.run(AppModule, { children: 1 });

export async function scenario(app: INestApplicationContext): Promise<void> {
  const running = new AppProcess(__filename, 'worker');
  await app.get(QueueClient).of(GreetingTasks).greet.delay('Ada');
  await running.printed('HELLO Ada from CommonJS, attempt 1');
  assert.equal(await running.stop(), 0);
}
