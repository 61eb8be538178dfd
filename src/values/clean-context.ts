import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Runs something in the async context in which this package was loaded, so outside of every request and every task.
 *
 * For everything that outlives its caller: a loop, or a connection that is made at a first call. Else it sees the
 * `AsyncLocalStorage` of that one caller for ever, and its errors seem to come out of that caller's task.
 */
export const inCleanContext: <Result>(act: () => Result) => Result = AsyncLocalStorage.snapshot();
