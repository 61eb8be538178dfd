import { type AppWorker, contestantsOf, decodeAppTasks } from '../task/app-tasks.js';
import type { QueueState } from './port/broker.js';
import type { PausePort } from './port/pause-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { APP, isChild, liveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

/** Looks at queues, without a script: no decision hangs on it, so the figures need not be of one moment. */
export async function readQueueStates(
  connection: RedisConnection,
  pauses: Pick<PausePort, 'pauses'>,
  queues: readonly string[],
): Promise<QueueState[]> {
  // a worker whose children do not come up serves nothing, however well it keeps its lease
  const [live, held] = await Promise.all([liveSessions(connection), pauses.pauses()]);
  const paused = new Map(held.map(({ queue, ...pause }) => [queue, pause]));
  const sessions = live.filter((session) => Object.keys(session).some(isChild));
  const workers = sessions.map(
    (session): AppWorker => ({ queues: queuesIn(session[SERVED_QUEUES]), app: decodeAppTasks(session[APP]) }),
  );
  const served = new Set(workers.flatMap((worker) => worker.queues));
  return Promise.all(
    queues.map((queue) =>
      connection.command(async (redis, keys) => {
        const [pending, scheduled, quarantined, dead, head, first] = await Promise.all([
          redis.llen(keys.pending(queue)),
          redis.zcard(keys.scheduled(queue)),
          redis.llen(keys.quarantined(queue)),
          redis.zcard(keys.dead(queue)),
          redis.lindex(keys.pending(queue), 0),
          redis.zrange(keys.scheduled(queue), '0', '0', 'WITHSCORES'),
        ]);
        const dueAt = first[1] === undefined ? undefined : Number(first[1]);
        const counts = { pending, scheduled, quarantined, dead };
        const serving = { served: served.has(queue), contestants: contestantsOf(queue, workers) };
        return { queue, ...counts, head: head ?? undefined, dueAt, ...serving, paused: paused.get(queue) };
      }),
    ),
  );
}
