/**
 * Adds `toHaveEnqueued` to the `expect` of Jest: import it in a file of `setupFilesAfterEnv`, or in a test.
 *
 * @example
 * import 'nestwork/testing/jest';
 */
import { expect } from '@jest/globals';
import { type TaskMatchers, taskMatchers } from './matchers/task-matchers.js';

expect.extend(taskMatchers);

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends TaskMatchers<R> {}
}

declare global {
  namespace jest {
    // biome-ignore lint/complexity/noBannedTypes: the type parameters must be those of @types/jest
    interface Matchers<R, T = {}> extends TaskMatchers<R> {}
  }
}
