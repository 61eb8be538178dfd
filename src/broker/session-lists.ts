import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** The field of a session's hash that lists what its worker serves. */
export type SessionList = '@queues';

/** What is listed by any session whose lease runs. */
export async function listedByLiveSessions(
  connection: RedisConnection,
  keys: RedisKeys,
  list: SessionList,
): Promise<Set<string>> {
  const lists = await ofLiveSessions(connection, keys, [list]);
  return new Set(lists.flatMap(([words]) => words?.split(' ') ?? []));
}

/** The values of some fields of each session whose lease runs. */
export async function ofLiveSessions(
  connection: RedisConnection,
  keys: RedisKeys,
  fields: readonly string[],
): Promise<(string | null)[][]> {
  return connection.command(async (redis) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    // HMGET would be a right that senders have not been given
    const read = (session: string) => Promise.all(fields.map((field) => redis.hget(keys.session(session), field)));
    return Promise.all(sessions.map(read));
  });
}
