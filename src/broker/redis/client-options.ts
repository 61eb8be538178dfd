import type { RedisOptions } from 'ioredis';
import { scriptDefinitions } from './script-calls.js';

/** Enough for what the server has to say at the end. */
export const DISCONNECT_MS = 50;
const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1_000;
/** How long a server that loads its data is left alone before it is asked again. */
const LOADING_MAX_MS = 200;

/**
 * The options of ioredis on which the promise rests, beside any others.
 *
 * @param timeoutMs how long to connect, and how long the commands that make a connection, may take; those sent over it have deadlines
 */
export function fixedOptions(timeoutMs: number): RedisOptions {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // without it a sentinel that is silent would be waited for forever, though others may answer
    sentinelCommandTimeout: timeoutMs,
    // a server does not close a connection that blocks, and nothing of it is wanted any more
    disconnectTimeout: DISCONNECT_MS,
    autoResendUnfulfilledCommands: true,
    stringNumbers: false,
    replyMapping: 'legacy',
    scripts: scriptDefinitions,
    // the server estimates how long it will load its data, right after its start sometimes in hours: ioredis would wait for 10 s
    maxLoadingRetryTime: LOADING_MAX_MS,
    retryStrategy: (attempt) => Math.min(RECONNECT_MIN_MS * 2 ** Math.min(attempt, 10), RECONNECT_MAX_MS),
  };
}

/** Where the server is, without user and password. */
export function address(options: RedisOptions): string {
  if (options.sentinels) return `sentinel group ${options.name ?? ''}`.trim();
  return options.path ?? `${options.host ?? 'localhost'}:${options.port ?? 6379}`;
}
