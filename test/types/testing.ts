/** Calls that the helpers for tests must accept, and others that they must refuse; `tsc --noEmit` is the test. Nothing here runs. */
import { expect as jestExpect } from '@jest/globals';
import { expect as vitestExpect } from 'vitest';
import { z } from 'zod';
import { Payload, type PayloadOf, type QueueClient, Task } from '../../src/index.js';
import {
  assertEnqueued,
  assertNotEnqueued,
  TaskQueueTestingModule,
  type TaskRun,
  type TestQueue,
} from '../../src/testing/index.js';
import '../../src/testing/jest.js';
import '../../src/testing/vitest.js';

class MailTasks {
  @Task()
  async welcome(_user: number, _options?: { at: Date }): Promise<void> {}
}

const Size = z.object({ width: z.string().transform(Number) });

class PhotoTasks {
  @Task()
  async shrink(@Payload({ schema: Size }) _size: PayloadOf<typeof Size>): Promise<void> {}
}

const { welcome } = MailTasks.prototype;
declare const queue: TestQueue;

/** The expect of Jest, as a global and as an import, and that of Vitest. */
export function matchers(): void {
  expect(queue).toHaveEnqueued(welcome);
  expect(queue).toHaveEnqueued('MailTasks.welcome', [42, 'anything']);
  expect(queue).toHaveEnqueued(welcome, [42]);
  expect(queue).not.toHaveEnqueued(welcome, [42, { at: new Date() }], {
    times: 1,
    delay: '10m',
    queue: 'bulk',
    key: 'k',
  });
  expect(queue).toHaveEnqueued(welcome, [expect.any(Number), expect.anything()]);
  // @ts-expect-error the arguments are those of the method
  expect(queue).toHaveEnqueued(welcome, ['42']);
  // @ts-expect-error a required one is missing
  expect(queue).toHaveEnqueued(welcome, []);
  // @ts-expect-error there is no such option
  expect(queue).toHaveEnqueued(welcome, [42], { delayed: true });
  jestExpect(queue).not.toHaveEnqueued(welcome, [42]);
  // @ts-expect-error the arguments are those of the method
  jestExpect(queue).toHaveEnqueued(welcome, [42, { at: 'noon' }]);
  vitestExpect(queue).not.toHaveEnqueued(welcome, [42], { times: 2 });
  vitestExpect(queue).toHaveEnqueued(welcome, [vitestExpect.any(Number)]);
  // @ts-expect-error the arguments are those of the method
  vitestExpect(queue).toHaveEnqueued(welcome, [true]);
}

/** A sender says as much of the arguments as the method does. */
export function senders(client: QueueClient): void {
  expect(queue).toHaveEnqueued(client.of(MailTasks).welcome, [42]);
  expect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, [42, { at: new Date() }], { times: 1 });
  expect(queue).toHaveEnqueued(queue.of<MailTasks>('MailTasks').welcome, [expect.any(Number)]);
  expect(queue).toHaveEnqueued(client.task('MailTasks.welcome'), ['anything']);
  // @ts-expect-error the arguments are those of the method
  expect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, ['42']);
  // @ts-expect-error a required one is missing
  expect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, []);
  // @ts-expect-error a sender is one task, and of() gives all of a class
  expect(queue).toHaveEnqueued(queue.of(MailTasks));
  // @ts-expect-error there is no such task
  expect(queue).toHaveEnqueued(queue.of(MailTasks).welcom);
  jestExpect(queue).not.toHaveEnqueued(queue.of(MailTasks).welcome, [42]);
  // @ts-expect-error the arguments are those of the method
  jestExpect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, [42, { at: 'noon' }]);
  vitestExpect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, [vitestExpect.any(Number)]);
  // @ts-expect-error the arguments are those of the method
  vitestExpect(queue).toHaveEnqueued(queue.of(MailTasks).welcome, [true]);
  assertEnqueued(queue, queue.of(MailTasks).welcome, [42]);
  assertNotEnqueued(queue, queue.of(MailTasks).welcome);
  // @ts-expect-error the arguments are those of the method
  assertEnqueued(queue, queue.of(MailTasks).welcome, [{}]);
  queue.enqueued(queue.of(MailTasks).welcome)[0]?.args satisfies readonly unknown[] | undefined;
}

/** The input of a schema is the value that is sent. */
export function schemas(): void {
  expect(queue).toHaveEnqueued(queue.of(PhotoTasks).shrink, [{ width: 'wide' }]);
  // @ts-expect-error a name is a text
  expect(queue).toHaveEnqueued(queue.of(PhotoTasks).shrink, [{ width: 7 }]);
}

export function asserts(): void {
  assertEnqueued(queue, welcome, [42, { at: new Date() }], { times: 1 });
  assertNotEnqueued(queue, 'MailTasks.welcome');
  // @ts-expect-error the arguments are those of the method
  assertEnqueued(queue, welcome, [{}]);
  // @ts-expect-error a property of another kind is no task
  assertEnqueued(queue, 42);
}

export async function time(): Promise<TaskRun[]> {
  TaskQueueTestingModule.forRoot({ mode: 'memory' });
  // @ts-expect-error there is no such mode
  TaskQueueTestingModule.forRoot({ mode: 'real' });
  TaskQueueTestingModule.forRoot();
  TaskQueueTestingModule.forRoot({ queues: ['default', { name: 'bulk', retries: 3 }], defaults: { retries: 1 } });
  // @ts-expect-error a test has no Redis
  TaskQueueTestingModule.forRoot({ redis: 'redis://127.0.0.1:6379' });
  const [first] = queue.enqueued(welcome);
  first?.args satisfies readonly unknown[] | undefined;
  await queue.runCron(welcome);
  await queue.runCron('ReportTasks.digest');
  await queue.runCron(queue.of(MailTasks).welcome);
  // @ts-expect-error not a duration
  await queue.advance('ten minutes');
  await queue.advance('10m', { idle: true });
  return queue.advance(600_000);
}
