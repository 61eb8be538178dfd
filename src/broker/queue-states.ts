import type { QueueState } from './broker.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';
import { isChild, listedByLiveSessions } from './session-lists.js';

/** Looks at queues, without a script: nobody acts on what it sees, so it need not be one moment exactly. */
export async function readQueueStates(
  connection: RedisConnection,
  keys: RedisKeys,
  queues: readonly string[],
): Promise<QueueState[]> {
  // a worker whose children do not come up serves nothing, however well it keeps its lease
  const served = await listedByLiveSessions(connection, keys, SERVED_QUEUES, (fields) => fields.some(isChild));
  return Promise.all(
    queues.map((queue) =>
      connection.command(async (redis) => {
        const [pending, scheduled, suspects, dead, head, first] = await Promise.all([
          redis.llen(keys.pending(queue)),
          redis.zcard(keys.scheduled(queue)),
          redis.llen(keys.suspects(queue)),
          redis.zcard(keys.dead(queue)),
          redis.lindex(keys.pending(queue), 0),
          redis.zrange(keys.scheduled(queue), '0', '0', 'WITHSCORES'),
        ]);
        const dueAt = first[1] === undefined ? undefined : Number(first[1]);
        const counts = { pending, scheduled, suspects, dead };
        return { queue, ...counts, head: head ?? undefined, dueAt, served: served.has(queue) };
      }),
    ),
  );
}

/** The field of a session's hash that names its queues. */
export const SERVED_QUEUES = '@queues';
