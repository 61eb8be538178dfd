/** What the helpers for tests must accept and must refuse; `tsc --noEmit` is the test. Nothing here runs. */
import { expect as jestExpect } from '@jest/globals';
import { expect as vitestExpect } from 'vitest';
import { Task } from '../../src/index.js';
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
  // @ts-expect-error a mode has to be chosen
  TaskQueueTestingModule.forRoot({});
  const [first] = queue.enqueued(welcome);
  first?.args satisfies readonly unknown[] | undefined;
  await queue.runCron(welcome);
  await queue.runCron('ReportTasks.digest');
  // @ts-expect-error not a duration
  await queue.advance('ten minutes');
  await queue.advance('10m', { idle: true });
  return queue.advance(600_000);
}
