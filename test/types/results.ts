/** The result of a task has the type of its method. Compiled with the tests; nothing runs it. */
import { of } from 'rxjs';
import type { QueueClient, ResultOf, TaskSender } from '../../src/index.js';
import { Task } from '../../src/index.js';

class Tasks {
  @Task()
  async sum(a: number, b: number): Promise<number> {
    return a + b;
  }

  @Task()
  stream() {
    return of('a');
  }

  @Task()
  nothing(): void {}
}

/** Whether both are the same type; tsc refuses `true` where they are not. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const same = <A, B>(_isSame: Same<A, B>): void => {};

declare const queue: QueueClient;

const tasks = queue.of(Tasks);
same<typeof tasks.sum, TaskSender<[a: number, b: number], number>>(true);
same<Awaited<ReturnType<typeof tasks.stream.run>>, string | undefined>(true);
same<Awaited<ReturnType<typeof tasks.nothing.run>>, void>(true);

const named = queue.task<[number]>('Some.task');
same<Awaited<ReturnType<typeof named.run>>, unknown>(true);
const method = queue.task(Tasks.prototype.sum);
same<Awaited<ReturnType<typeof method.run>>, number>(true);
queue.task<[number, number]>(Tasks.prototype.sum);

// @ts-expect-error a result of another type
export const wrong: Promise<string> = tasks.sum.run(1, 2);

// of a union each type counts by itself
same<ResultOf<number | ReturnType<Tasks['stream']>>, number | string | undefined>(true);
same<ResultOf<Promise<Date>>, Date>(true);
