import { setTimeout as delay } from 'node:timers/promises';
import { EnqueueUnconfirmedError, NestworkError } from '../errors.js';

const TRIES = 3;
const PAUSE_MS = 200;

/** Repeats a command without an answer: those of groups may be repeated, as each changes something only once. */
export async function persistent<T>(command: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await command();
    } catch (error) {
      if (left === 0 || !isUnanswered(error)) throw error;
      await delay(PAUSE_MS);
    }
  }
}

function isUnanswered(error: unknown): boolean {
  return error instanceof EnqueueUnconfirmedError || (error instanceof NestworkError && error.code === 'REDIS_TIMEOUT');
}
