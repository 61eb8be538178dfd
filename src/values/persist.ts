import { setTimeout as delay } from 'node:timers/promises';
import { NestworkError } from '../errors.js';

export interface Persistence {
  /** ms between two tries */
  readonly retryMs: number;
  /** Something failed that is tried again. */
  readonly onError: (error: unknown) => void;
  /** Whether another try is of no use; never by default. */
  readonly isFinal?: (error: unknown) => boolean;
  /** Ends a pause early. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a command that may be repeated until Redis answers, however long it is away.
 *
 * @throws the error that is final
 */
export async function persist<T>(send: () => Promise<T>, options: Persistence): Promise<T> {
  const { retryMs, onError, isFinal = () => false, signal } = options;
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (isFinal(error)) throw error;
      onError(error);
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** Whether Redis was away: the command may be repeated. */
export function isRedisAway(error: unknown): boolean {
  return error instanceof NestworkError && (error.code === 'REDIS_UNAVAILABLE' || error.code === 'REDIS_TIMEOUT');
}

/** Whether Redis gave the tasks of a child to others. */
export function isLeaseLost(error: unknown): boolean {
  return error instanceof NestworkError && error.code === 'LEASE_LOST';
}
