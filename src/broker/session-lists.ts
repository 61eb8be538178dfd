import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** The fields of a session's hash that list what its worker serves, and the crons that its app declares. */
export type SessionList = '@queues' | '@crons';

/** What is listed by any session whose lease runs. */
export async function listedByLiveSessions(
  connection: RedisConnection,
  keys: RedisKeys,
  list: SessionList,
): Promise<Set<string>> {
  const lists = await connection.command(async (redis) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    return Promise.all(sessions.map((session) => redis.hget(keys.session(session), list)));
  });
  return new Set(lists.flatMap((words) => words?.split(' ') ?? []));
}
