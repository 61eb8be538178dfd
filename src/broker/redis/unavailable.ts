import { NestworkError } from '../../errors.js';
import { printable } from '../../values/printable.js';
import type { HandshakeStep } from './handshake.js';
import { type Occasion, remedyAt } from './occasion.js';
import {
  CREDENTIALS,
  isAnswer,
  isCluster,
  isForbidden,
  isOfCluster,
  MOST_OF_AN_ANSWER,
  servesNoClient,
  standstillRemedy,
} from './redis-errors.js';

/** Why the latest attempt to connect failed. */
export interface Failure {
  readonly error: Error;
  /** what the server refused, if it answered */
  readonly step?: HandshakeStep;
}

/** The server to which a connection was to be made. */
export interface Target {
  /** its address, without credentials */
  readonly where: string;
  readonly database: number;
}

const IN_A_TEST =
  'In a test: TaskQueueTestingModule takes the place of Redis, and RedisServer.start() starts one (both of nestwork/testing).';
const REACHED = [
  'Check that a Redis 7 server runs there, with or without TLS as the `redis` option says.',
  'Without a `redis` option, for example because an environment variable is not set, nestwork connects to 127.0.0.1:6379.',
];

/**
 * The error of a start or a call when there was no connection over which to send it.
 *
 * @param what what became of the connection: `did not answer within 5000 ms`
 */
export function unavailable(
  target: Target,
  occasion: Exclude<Occasion, 'end'>,
  what: string,
  failure: Failure | undefined,
): NestworkError {
  return withoutConnection(target, what, failure, remedyAt(occasion));
}

interface Absence {
  /** how long a call has waited for the first connection, of how long it waits */
  readonly forMs: number;
  readonly timeoutMs: number;
  readonly failure: Failure | undefined;
}

/** The log line about a server that was not there from the beginning, while calls still wait for it. */
export function absence(target: Target, { forMs, timeoutMs, failure }: Absence): string {
  const what = `has not answered for ${forMs} ms, of the ${timeoutMs} ms for which a call waits`;
  return withoutConnection(target, what, failure, IN_A_TEST).message;
}

/** @param last a remedy that fits any failure */
function withoutConnection(target: Target, what: string, failure: Failure | undefined, last: string): NestworkError {
  const cause = failure?.error;
  if (failure && isOfCluster(failure.error)) return isCluster(target.where, cause);
  if (failure && isAnswer(failure.error)) return refusedConnection(target, failure, last);
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis at ${target.where} ${what}${cause ? reason(cause) : ''}.`,
    [...REACHED, last],
    { cause },
  );
}

/** What the codes of the system mean. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no server listens there',
  EHOSTUNREACH: 'no way leads to that machine',
  ENETUNREACH: 'no way leads to that machine',
  ENOTFOUND: 'no machine of that name is known',
  EAI_AGAIN: 'the name of that machine could not be looked up',
};

function reason(cause: NodeJS.ErrnoException): string {
  const meaning = REASONS[cause.code ?? ''];
  return `${meaning ? `: ${meaning}` : ''} (${printable(cause.message, MOST_OF_AN_ANSWER)})`;
}

/** The error of a command after the connection was closed, or while it was. */
export function closed({ where }: Target, failure: Failure | undefined): NestworkError {
  return new NestworkError('REDIS_UNAVAILABLE', `The connection to Redis at ${where} is closed.`, remedyAt('end'), {
    cause: failure?.error,
  });
}

/** The answer of a server that lets no connection in, in a few words and its own. */
export function refusal({ database }: Target, { step, error }: Failure): string {
  return `refuses ${step === 'select' ? `database ${database}` : 'the connection'}: ${printable(error.message, MOST_OF_AN_ANSWER)}`;
}

/** The text about a server that is there, and executes nothing. */
export function standstill(cause: Error): string {
  return `serves nobody: ${printable(cause.message, MOST_OF_AN_ANSWER)}`;
}

function refusedConnection(target: Target, failure: Failure, last: string): NestworkError {
  const { error } = failure;
  return new NestworkError(
    'REDIS_UNAVAILABLE',
    `Redis at ${target.where} ${refusal(target, failure).replace(/\.+$/, '')}.`,
    [...remediesFor(target, failure), last],
    { cause: error },
  );
}

function remediesFor({ database }: Target, { step, error }: Failure): string[] {
  if (servesNoClient(error)) return [standstillRemedy(error)];
  if (step === 'select') {
    const mend = isForbidden(error)
      ? 'Give its user the right to it: ACL SETUSER <user> +select.'
      : `Set \`databases ${database + 1}\` in the configuration of the server, or name another database in the \`redis\` option.`;
    return [mend, 'Several apps or stages can also share one database, each with a `namespace` of its own.'];
  }
  if (/^(WRONGPASS|NOAUTH|NOPERM)|AUTH/.test(error.message)) return [CREDENTIALS];
  if (/max number of clients/.test(error.message)) {
    return ['Find out with CLIENT LIST who holds so many connections, or raise `maxclients` of the server.'];
  }
  return ['See the cause, which is what Redis answered.'];
}
