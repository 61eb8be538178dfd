import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** The fields of a session's hash that list what its worker serves, and the crons that its app declares. */
export type SessionList = '@queues' | '@crons';

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
  const hashes = await connection.command(async (redis) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    return Promise.all(sessions.map((session) => redis.hgetall(keys.session(session))));
  });
  const lists = hashes.filter((hash) => counts(Object.keys(hash))).map((hash) => hash[list]);
  return new Set(lists.flatMap((words) => words?.split(' ') ?? []));
}
