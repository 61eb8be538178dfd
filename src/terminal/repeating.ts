import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, exitCodeOf } from './exit-code.js';

/** Something that is read and shown again and again. */
export interface Repetition<T> {
  readonly read: () => Promise<T>;
  readonly show: (value: T) => void;
  /** Redis is away; the next attempt comes after the same time. */
  readonly showOutage: (error: Error) => void;
  readonly everyMs: number;
  /** ends it at once, also while Redis does not answer */
  readonly signal: AbortSignal;
}

/** Reads and shows until the signal. It outlasts outages of Redis, and rejects with other errors. */
export async function repeat<T>({ read, show, showOutage, everyMs, signal }: Repetition<T>): Promise<void> {
  const stopped = new Promise<'stopped'>((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
  while (!signal.aborted) {
    try {
      const value = await Promise.race([read(), stopped]);
      if (value === 'stopped') return;
      show(value);
    } catch (error) {
      if (exitCodeOf(error) !== EXIT.unreachable) throw error;
      showOutage(error as Error);
    }
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}
