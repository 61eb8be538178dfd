import { NestworkError } from '../../errors.js';

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
