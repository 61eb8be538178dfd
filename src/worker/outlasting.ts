import { EnqueueUnconfirmedError } from '../errors.js';
import { isRedisAway, persist } from '../values/persist.js';
import type { RunningTask } from './running-task.js';

const RETRY_MS = 200;

/**
 * Repeats a command while Redis is away, which is no failure of the task for which it is called.
 *
 * @param command may be executed several times
 * @throws the reason of the task's signal once that aborts; every other error of the command
 */
export function outlasting<T>({ signal }: Pick<RunningTask, 'signal'>, command: () => Promise<T>): Promise<T> {
  const send = (): Promise<T> => {
    signal.throwIfAborted();
    return command();
  };
  const isFinal = (error: unknown): boolean => !isRedisAway(error) && !(error instanceof EnqueueUnconfirmedError);
  return persist(send, { retryMs: RETRY_MS, onError: () => {}, isFinal, signal });
}
