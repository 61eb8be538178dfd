import { setTimeout as delay } from 'node:timers/promises';

/** The value, or undefined when it takes longer than `ms`. Leaves no timer behind. */
export async function soon<T>(wanted: T | Promise<T>, ms: number): Promise<T | undefined> {
  const patience = new AbortController();
  try {
    return await Promise.race([wanted, delay(ms, undefined, { signal: patience.signal }).catch(() => undefined)]);
  } finally {
    patience.abort();
  }
}
