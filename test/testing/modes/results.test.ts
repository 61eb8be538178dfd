import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { QueueClient, ResultTimeoutError, Task, TaskFailedError, type TaskSenders } from '../../../src/index.js';
import { TaskQueueTestingModule, type TestMode, TestQueue } from '../../../src/testing/index.js';
import { Lines } from '../../module/apps.js';

@Injectable()
class SumTasks {
  @Task({ result: '1m' })
  async sum(a: number, b: number): Promise<number> {
    return a + b;
  }

  @Task()
  async plain(): Promise<void> {}

  @Task({ retries: 0 })
  async fail(): Promise<number> {
    throw new RangeError('no luck');
  }
}

let app: TestingModule | undefined;
afterEach(() => app?.close());

async function start(mode: TestMode): Promise<{ queue: QueueClient; tasks: TaskSenders<SumTasks>; test: TestQueue }> {
  app = await Test.createTestingModule({
    imports: [TaskQueueTestingModule.forRoot({ mode })],
    providers: [SumTasks],
  })
    .setLogger(new Lines())
    .compile();
  await app.init();
  const queue = app.get(QueueClient);
  return { queue, tasks: queue.of(SumTasks), test: app.get(TestQueue) };
}

describe('in the mode inline', () => {
  it('run() and result() resolve to what the task returned', async () => {
    const { queue, tasks } = await start('inline');
    expect(await tasks.sum.run(1, 2)).toBe(3);
    const handle = await tasks.sum.delay(3, 4);
    expect([await handle.result(), await queue.result(handle.id)]).toEqual([7, 7]);
    expect(await tasks.plain.run()).toBeUndefined();
  });

  it('run() rejects with the error of a task that is dead', async () => {
    const { tasks } = await start('inline');
    const error = await tasks.fail.run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({ code: 'TASK_FAILED', error: 'RangeError: no luck', attempts: 1 });
  });

  it('a task that keeps no result is refused at once', async () => {
    const { tasks } = await start('inline');
    await expect((await tasks.plain.delay()).result()).rejects.toMatchObject({ code: 'RESULT_NOT_KEPT' });
  });
});

describe('in the mode memory', () => {
  it('run() resolves when the test drains', async () => {
    const { tasks, test } = await start('memory');
    const run = tasks.sum.run(1, 2);
    await test.drain();
    expect(await run).toBe(3);
  });

  it('a result is awaited for its timeout, and there after it', async () => {
    const { tasks, test } = await start('memory');
    const handle = await tasks.sum.delay(1, 2);
    await expect(handle.result({ timeout: 1 })).rejects.toBeInstanceOf(ResultTimeoutError);
    await test.drain();
    expect(await handle.result()).toBe(3);
  });

  it('a task that is cancelled rejects those who wait', async () => {
    const { tasks } = await start('memory');
    const handle = await tasks.sum.delay(1, 2);
    const result = expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
    await handle.cancel();
    await result;
  });
});

it('in the mode fake, which runs nothing, run() and result() are refused', async () => {
  const { tasks, test } = await start('fake');
  await expect(tasks.sum.run(1, 2)).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
  await expect((await tasks.sum.delay(1, 2)).result()).rejects.toMatchObject({ code: 'WRONG_TEST_MODE' });
  expect(test.enqueued()).toHaveLength(2);
});
