import { setTimeout as delay } from 'node:timers/promises';
import { EnqueueUnconfirmedError, type ErrorCode, NestworkError } from '../errors.js';
import type { RunningTask } from './running-task.js';

const RETRY_MS = 200;
const PASSING: readonly ErrorCode[] = ['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'];

/**
 * Repeats a command while Redis is away, which is no failure of the task for which it is called.
 *
 * @param command may be executed several times
 * @throws the reason of the task's signal once that aborts; every other error of the command
 */
export async function outlasting<T>({ signal }: Pick<RunningTask, 'signal'>, command: () => Promise<T>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await command();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await delay(RETRY_MS);
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof EnqueueUnconfirmedError || (error instanceof NestworkError && PASSING.includes(error.code));
}
