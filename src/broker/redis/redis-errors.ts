import { NestworkError } from '../../errors.js';
import { printable } from '../../values/printable.js';
import { type Occasion, remedyAt } from './occasion.js';

/** Characters of what a server answered. */
export const MOST_OF_AN_ANSWER = 1_000;

/** As ioredis says it of the commands that it sends by itself. */
const TIMED_OUT = 'Command timed out';

/** What a server answers that is, or has just become, a replica, or a primary cut off from its replicas. */
const NO_WRITES = /^(READONLY|MASTERDOWN|NOREPLICAS|UNBLOCKED) /;

/** What a server answers that executes nothing for the moment, and will by itself. */
const PASSING = /^(BUSY|LOADING|MISCONF|TRYAGAIN) /;

/** What only a node of a Redis Cluster answers. */
const CLUSTER = /^(MOVED|ASK|CLUSTERDOWN|CROSSSLOT|TRYAGAIN) |not allowed in cluster mode/;

/** Answers to a command that was not executed; the same command may have been, if it was sent once before. */
const NOT_EXECUTED = new RegExp(`${NO_WRITES.source}|${PASSING.source}|^OOM `);

/** What a server answers to a user that lacks a right, directly and within a script. */
const LACKS_RIGHT = /^NOPERM|user executing the script can't|ACL failure in script/;

/** What to do about a server that does not let us in. */
export const CREDENTIALS =
  'Check user name and password in the `redis` option, as in redis://user:password@redis.internal:6379; change them there when they change on the server.';

const REMOVE_FOREIGN_KEY = 'Delete or rename that key, after a look at what it holds: nestwork has not written it.';

/** What a command fails with that got no answer in time. */
export function timedOut(): Error {
  return new Error(TIMED_OUT);
}

/** Whether a command got no answer in time, which may be the first sign of an outage. */
export function isTimeout(error: Error): boolean {
  return error.message === TIMED_OUT;
}

/** Whether a connection ended without a reason. */
export function isBroken(error: Error & { code?: string }): boolean {
  return error.code === 'EPIPE' || error.code === 'ECONNRESET';
}

/** Whether the server says so, and not the way to it. */
export function isAnswer(error: Error): boolean {
  return error.name === 'ReplyError';
}

/** Whether the server refuses a command to this user, or to all: commands can be renamed away. */
export function isForbidden(error: Error): boolean {
  return error.message.startsWith('NOPERM') || isUnknownCommand(error);
}

/** Whether the server has no such command. */
export function isUnknownCommand(error: Error): boolean {
  return /^ERR unknown command/i.test(error.message);
}

/** Whether the server says of itself that it is a node of a Redis Cluster. */
export function isOfCluster(error: Error): boolean {
  return CLUSTER.test(error.message);
}

/** Whether an explained error is the answer of a server that may be the wrong one by now: nothing was written. */
export function takesNoWrites(error: unknown): boolean {
  return error instanceof NestworkError && error.cause instanceof Error && NO_WRITES.test(error.cause.message);
}

/** Whether a command that was answered so can be sent again in a moment: it was not executed. */
export function isPassing(error: Error): boolean {
  return isAnswer(error) && PASSING.test(error.message);
}

/** Whether a server that answers so serves no client, as opposed to one that only refuses writes. */
export function servesNoClient(error: Error): boolean {
  return isAnswer(error) && /^(BUSY|LOADING) /.test(error.message);
}

/** How a command was sent that failed. */
export interface Sending {
  /** address of the server, without credentials */
  readonly where: string;
  readonly timeoutMs: number;
  /** whether it was sent over an earlier connection as well, and may have been executed then */
  readonly resent: boolean;
  /** while the app starts, or later */
  readonly occasion: Exclude<Occasion, 'end'>;
  /** the script that was called, if one was */
  readonly script?: string | undefined;
  /** the rights that it needs, in the words of ACL SETUSER */
  readonly rights?: (() => readonly string[]) | undefined;
}

/**
 * What a command that was sent failed with, in our terms.
 *
 * An answer of the server proves that nothing was written; without an answer nothing is proved (REDIS_TIMEOUT).
 */
export function explain(error: Error, sending: Sending): NestworkError {
  const { where, resent } = sending;
  // ioredis hangs the command on its errors, with its arguments, which hold payloads
  const { command } = error as { command?: { name?: string } };
  Reflect.deleteProperty(error, 'command');
  if (!isAnswer(error) || (resent && NOT_EXECUTED.test(error.message))) return unanswered(error, sending);
  if (error.message.startsWith('LEASE_LOST')) return leaseLost(error);
  if (error.message.startsWith('OOM')) return outOfMemory(error);
  if (NO_WRITES.test(error.message)) return noPrimary(error, sending);
  if (isOfCluster(error)) return isCluster(where, error);
  if (LACKS_RIGHT.test(error.message)) return forbidden(error, command?.name ?? 'a command', sending);
  if (servesNoClient(error)) return notServing(error, sending);
  return new NestworkError(
    'REDIS_REFUSED',
    `Redis at ${where} refused a command, nothing was changed: ${answered(error).replace(/\.+$/, '')}.`,
    remedyFor(error.message),
    { cause: error },
  );
}

/** @param cause what the server answered, if not INFO */
export function isCluster(where: string, cause?: Error): NestworkError {
  return new NestworkError(
    'REDIS_IS_CLUSTER',
    `Redis at ${where} is a node of a Redis Cluster${cause ? `: ${answered(cause)}` : ''}.`,
    [
      'nestwork does not support Redis Cluster yet: all keys of a namespace have to be on one server.',
      'Point the `redis` option to a Redis without `cluster-enabled yes`; Sentinels make one highly available.',
    ],
    { cause },
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

function remedyFor(answer: string): string | readonly string[] {
  if (answer.startsWith('NOAUTH')) return CREDENTIALS;
  if (answer.startsWith('WRONGTYPE')) return REMOVE_FOREIGN_KEY;
  if (answer.startsWith('MISCONF')) {
    return [
      'Redis cannot save its data, and takes no writes until it can: see its log, and whether its disk is full.',
      'Or let it write without: CONFIG SET stop-writes-on-bgsave-error no.',
    ];
  }
  if (/^ERR unknown command/i.test(answer))
    return 'Let the server have that command: see `rename-command` in its configuration, or what its provider disables. docs/redis-keys.md lists all that nestwork calls.';
  return 'See the cause, which is what Redis answered.';
}

/** A script is refused as a whole, or at its first command that may not run: users may read or write, so nothing is half done. */
function forbidden(cause: Error, command: string, { where, script, rights }: Sending): NestworkError {
  const what = script === undefined ? command.toUpperCase() : `the script ${script}`;
  return new NestworkError(
    'REDIS_FORBIDDEN',
    `The Redis user at ${where} may not run ${what}, nothing was changed: ${answered(cause).replace(/\.+$/, '')}.`,
    [
      ...(rights ? [`It needs these rights: ${rights().join(' ')}`] : []),
      'Give its user the rights that docs/redis-keys.md lists, or connect as a user that has them.',
    ],
    { cause },
  );
}

/** The remedy for a server that serves no client. */
export function standstillRemedy(answer: Error): string {
  return answer.message.startsWith('LOADING')
    ? 'It has just started and reads its data; wait until it has.'
    : 'A script runs there for long: find out whose it is. SCRIPT KILL ends it if it has not written yet.';
}

/** Every command of everybody is refused. */
function notServing(cause: Error, { where, timeoutMs, occasion }: Sending): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis at ${where} has served nobody for ${timeoutMs} ms: ${answered(cause)}`,
    [standstillRemedy(cause), remedyAt(occasion)],
    { cause },
  );
}

function unanswered(cause: Error, { where, timeoutMs, occasion }: Sending): NestworkError {
  return new NestworkError(
    'REDIS_TIMEOUT',
    `Redis at ${where} did not answer within ${timeoutMs} ms, or the connection was closed (${answered(cause)}).`,
    occasion === 'start'
      ? [
          'See whether that server is overloaded or far away; a longer `commandTimeout` waits longer.',
          remedyAt('start'),
        ]
      : 'The command may have been executed all the same.',
    { cause },
  );
}

function noPrimary(cause: Error, { where, occasion }: Sending): NestworkError {
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis at ${where} takes no writes: ${answered(cause)}`,
    ['Point the `redis` option to the primary, or to its sentinels, which follow a failover.', remedyAt(occasion)],
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

/** Rethrows every error but that of a key of another type: somebody else's. */
export function unlessWrongType(error: Error): void {
  if (!error.message.startsWith('WRONGTYPE')) throw error;
}

/**
 * What to take in place of a key of another type; rethrows every other error.
 *
 * @example
 * await redis.zcard(key).catch(ifWrongType(0));
 */
export function ifWrongType<T>(value: T): (error: Error) => T {
  return (error) => {
    unlessWrongType(error);
    return value;
  };
}
