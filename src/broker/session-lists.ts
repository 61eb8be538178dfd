import type { Redis } from 'ioredis';
import { pairsOf } from '../values/pairs.js';
import type { LiveSessions } from './port/worker-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import type { RedisKeys } from './redis/redis-keys.js';

/** Starts the fields of a session's hash that describe it. */
export const DESCRIPTION = '@';
/** The field that lists the queues that its worker serves. */
export const SERVED_QUEUES = '@queues';
/** The field that has the letters of the tags that its worker reads. */
export const READS = '@reads';
/** The field that describes its app, as `encodeAppTasks` writes it. */
export const APP = '@app';

/** The field with the version of the time zone data by which its worker computes the times of crons. */
export const ZONE_DATA = '@tz';

/** Whether a field of a session's hash is a registered child; the others describe the session. */
export function isChild(field: string): boolean {
  return !field.startsWith(DESCRIPTION);
}

/** The length of the lease of a session in ms, which stands at the end of its id. */
export function leaseMsOf(session: string): number {
  return Number(/\d+$/.exec(session)?.[0] ?? 0);
}

/** What the field `@queues` lists. */
export function queuesIn(list: string | null | undefined): string[] {
  return list?.split(' ') ?? [];
}

/** The hash of each session whose lease runs. */
export function liveSessions(connection: RedisConnection): Promise<Record<string, string>[]> {
  return ofLiveSessions(connection, (redis, session, keys) => redis.hgetall(keys.session(session)));
}

/** The hash of each session, whether its lease runs or not, and when that ends, in ms since 1970. */
export function allSessions(
  connection: RedisConnection,
): Promise<{ session: string; until: number; fields: Record<string, string> }[]> {
  return connection.command(async (redis, keys) => {
    const leases = pairsOf(await redis.zrange(keys.sessions(), '0', '-1', 'WITHSCORES'));
    const hashes = await Promise.all(leases.map(([session]) => redis.hgetall(keys.session(session))));
    return leases.map(([session, until], at) => ({ session, until: Number(until), fields: hashes[at] ?? {} }));
  });
}

/** The values of some fields of each session whose lease runs, or of those that were read a moment ago. */
export async function fieldsOfLiveSessions(
  connection: RedisConnection,
  fields: readonly string[],
  sessions?: LiveSessions,
): Promise<(string | null)[][]> {
  if (sessions) return sessions.live.map((session) => fields.map((field) => session.fields[field] ?? null));
  return ofLiveSessions(connection, (redis, session, keys) => fieldsOf(redis, keys.session(session), fields));
}

/** HMGET would be a right that senders have not been given. */
export function fieldsOf(redis: Redis, key: string, fields: readonly string[]): Promise<(string | null)[]> {
  return Promise.all(fields.map((field) => redis.hget(key, field)));
}

/** Reads something of each session whose lease runs. */
export function ofLiveSessions<T>(
  connection: RedisConnection,
  read: (redis: Redis, session: string, keys: RedisKeys) => Promise<T>,
): Promise<T[]> {
  return connection.command(async (redis, keys) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    return Promise.all(sessions.map((session) => read(redis, session, keys)));
  });
}
