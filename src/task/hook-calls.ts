import { read, readText } from '../values/thrown.js';

/** The class of a hook provider, for the log. Runs no code of the provider. */
export function hookName(hook: object): string {
  return readText(read(hook, 'constructor'), 'name') ?? 'an object without a class';
}

/** A wrapper need not await what `next` gives it: the rejection that it leaves alone must not end the process. */
export function handled<T>(next: () => Promise<T>): () => Promise<T> {
  return () => {
    const run = next();
    run.catch(() => {});
    return run;
  };
}
