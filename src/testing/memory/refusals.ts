import { NestworkError } from '../../errors.js';
import type { Held } from './memory-store.js';

/** What the scripts of Redis refuse, with the words in which they do. */
export function refused(reply: string): NestworkError {
  return new NestworkError(
    'REDIS_REFUSED',
    `The broker in memory refused a command, nothing was changed: ${reply}.`,
    'See the cause; Redis would refuse it, too.',
    { cause: new Error(reply) },
  );
}

export function leaseLost(): NestworkError {
  return new NestworkError(
    'LEASE_LOST',
    'This child is no longer registered: its lease ran out and its tasks were given to others.',
    'Register it again in a session that has its lease.',
    { cause: new Error('LEASE_LOST child is not registered') },
  );
}

/** @throws an error as Redis would answer it, before anything has changed */
export function assertServed(tasks: readonly Held[], queues: readonly string[]): void {
  const other = tasks.find(({ queue }) => !queues.includes(queue));
  if (other) throw refused(`UNKNOWN_QUEUE ${other.queue}`);
}
