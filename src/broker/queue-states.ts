import type { QueueState } from './broker.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** Looks at queues, without a script: nobody acts on what it sees, so it need not be one moment exactly. */
export async function readQueueStates(
  connection: RedisConnection,
  keys: RedisKeys,
  queues: readonly string[],
): Promise<QueueState[]> {
  const served = await servedQueues(connection, keys);
  return Promise.all(
    queues.map((queue) =>
      connection.command(async (redis) => {
        const [pending, scheduled, suspects, dead, head] = await Promise.all([
          redis.llen(keys.queue(queue)),
          redis.zcard(keys.scheduled(queue)),
          redis.llen(keys.suspects(queue)),
          redis.zcard(keys.dead(queue)),
          redis.lindex(keys.queue(queue), 0),
        ]);
        return { queue, pending, scheduled, suspects, dead, head: head ?? undefined, served: served.has(queue) };
      }),
    ),
  );
}

/** The queues of all sessions whose lease runs. */
async function servedQueues(connection: RedisConnection, keys: RedisKeys): Promise<Set<string>> {
  const lists = await connection.command(async (redis) => {
    const [seconds] = await redis.time();
    const sessions = await redis.zrangebyscore(keys.sessions(), Number(seconds) * 1_000, '+inf');
    return Promise.all(sessions.map((session) => redis.hget(keys.session(session), SERVED_QUEUES)));
  });
  return new Set(lists.flatMap((list) => list?.split(' ') ?? []));
}

/** The field of a session's hash that names its queues. */
export const SERVED_QUEUES = '@queues';
