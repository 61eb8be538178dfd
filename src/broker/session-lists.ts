import type { Redis } from 'ioredis';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** The field of a session's hash that lists what its worker serves. */
export type SessionList = '@queues';

/** Starts the fields of a session's hash that describe it. */
export const DESCRIPTION = '@';

/** Whether a field of a session's hash is a registered child; the others describe the session. */
export function isChild(field: string): boolean {
  return !field.startsWith(DESCRIPTION);
}

/**
 * What is listed by any session whose lease runs.
 *
 * @param counts which of them count, by the names of their fields
 */
export async function listedByLiveSessions(
  connection: RedisConnection,
  keys: RedisKeys,
  list: SessionList,
  counts: (fields: readonly string[]) => boolean = () => true,
): Promise<Set<string>> {
  const hashes = await ofLiveSessions(connection, keys, (redis, session) => redis.hgetall(session));
  const lists = hashes.filter((hash) => counts(Object.keys(hash))).map((hash) => hash[list]);
  return new Set(lists.flatMap((words) => words?.split(' ') ?? []));
}

/** The values of some fields of each session whose lease runs. */
export function fieldsOfLiveSessions(
  connection: RedisConnection,
  keys: RedisKeys,
  fields: readonly string[],
): Promise<(string | null)[][]> {
  // HMGET would be a right that senders have not been given
  return ofLiveSessions(connection, keys, (redis, session) =>
    Promise.all(fields.map((field) => redis.hget(session, field))),
  );
}

function ofLiveSessions<T>(
  connection: RedisConnection,
  keys: RedisKeys,
  read: (redis: Redis, session: string) => Promise<T>,
): Promise<T[]> {
  return connection.command(async (redis) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    return Promise.all(sessions.map((session) => read(redis, keys.session(session))));
  });
}
