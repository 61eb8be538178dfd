import { NestworkError } from '../errors.js';
import { printable } from '../task/printable.js';

/** Characters of what a server answered. */
const MOST_OF_AN_ANSWER = 1_000;

/** As ioredis says it of the commands that it sends by itself. */
const TIMED_OUT = 'Command timed out';

/** What a server answers that is, or has just become, a replica, or a primary cut off from its replicas. */
const NO_WRITES = /^(READONLY|MASTERDOWN|NOREPLICAS|UNBLOCKED) /;

const REMOVE_FOREIGN_KEY = 'Delete or rename that key, after a look at what it holds: nestwork has not written it.';

/** What a command fails with that got no answer in time. */
export function timedOut(): Error {
  return new Error(TIMED_OUT);
}

/** Whether a command got no answer in time, which may be the first sign of an outage. */
export function isTimeout(error: Error): boolean {
  return error.message === TIMED_OUT;
}

/** Whether an explained error is the answer of a server that may be the wrong one by now: nothing was written. */
export function takesNoWrites(error: unknown): boolean {
  return error instanceof NestworkError && error.cause instanceof Error && NO_WRITES.test(error.cause.message);
}

/**
 * What a command that was sent failed with, in our terms.
 *
 * An answer of the server proves that nothing was written; without an answer nothing is proved (REDIS_TIMEOUT).
 *
 * @param where address of the server, without credentials
 */
export function explain(error: Error, where: string, timeoutMs: number): NestworkError {
  // ioredis hangs the arguments of the command on its errors; they hold payloads
  Reflect.deleteProperty(error, 'command');
  if (error.name !== 'ReplyError') return unanswered(error, where, timeoutMs);
  if (error.message.startsWith('LEASE_LOST')) return leaseLost(error);
  if (error.message.startsWith('OOM')) return outOfMemory(error);
  if (NO_WRITES.test(error.message)) return noPrimary(error, where);
  return new NestworkError(
    'REDIS_REFUSED',
    `Redis at ${where} refused a command, nothing was changed: ${answered(error)}.`,
    remedyFor(error.message),
    { cause: error },
  );
}

/**
 * What keeps due tasks from their queue.
 *
 * @param wrong what the script says of a foreign key
 */
export function unpromoted(wrong: string): NestworkError {
  return new NestworkError(
    'REDIS_REFUSED',
    `The scheduled tasks of a queue cannot be moved to it when they are due, and wait: ${printable(wrong.replace(/^-?WRONGTYPE /, ''), MOST_OF_AN_ANSWER)}.`,
    [REMOVE_FOREIGN_KEY, 'The other queues are served.'],
  );
}

function answered({ message }: Error): string {
  return printable(message, MOST_OF_AN_ANSWER);
}

function remedyFor(answer: string): string {
  if (/^NOPERM|user executing the script/.test(answer))
    return 'Give its user the rights that docs/redis-keys.md lists.';
  if (answer.startsWith('WRONGTYPE')) return REMOVE_FOREIGN_KEY;
  return 'See the cause; the rights that nestwork needs are listed in docs/redis-keys.md.';
}

function unanswered(cause: Error, where: string, timeoutMs: number): NestworkError {
  return new NestworkError(
    'REDIS_TIMEOUT',
    `Redis at ${where} did not answer within ${timeoutMs} ms, or the connection was closed (${answered(cause)}).`,
    'The command may have been executed all the same.',
    { cause },
  );
}

function noPrimary(cause: Error, where: string): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis at ${where} takes no writes: ${answered(cause)}`,
    [
      'Nothing was changed; repeat the call if this was a failover.',
      'Otherwise point the `redis` option of TaskQueueModule to the primary, or to its sentinels.',
    ],
    { cause },
  );
}

function leaseLost(cause: Error): NestworkError {
  return new NestworkError(
    'LEASE_LOST',
    'This child is no longer registered: its lease ran out and its tasks were given to others.',
    'The supervisor starts a new session by itself; if this happens often, give `lease` a longer time.',
    { cause },
  );
}

function outOfMemory(cause: Error): NestworkError {
  return new NestworkError(
    'REDIS_OUT_OF_MEMORY',
    'Redis is full and refused the task; nothing was added.',
    ['Start more workers: tasks in the queues are still being run.', 'Raise maxmemory.'],
    { cause },
  );
}
