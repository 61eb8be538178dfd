/**
 * Adds `toHaveEnqueued` to the `expect` of Vitest: name it among `setupFiles`, or import it in a test.
 *
 * @example
 * import 'nestwork/testing/vitest';
 */
import { expect } from 'vitest';
import { type TaskMatchers, taskMatchers } from './matchers/task-matchers.js';

expect.extend(taskMatchers);

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the type parameters must be those of Vitest
  interface Matchers<T = any> extends TaskMatchers<T> {}
}
