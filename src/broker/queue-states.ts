import { type AppWorker, contestantsOf, decodeAppTasks } from '../task/app-tasks.js';
import { mapInParts } from '../values/parts.js';
import type { QueueState, QueueStatesOptions } from './port/broker.js';
import type { PausePort } from './port/pause-port.js';
import type { WaitingPlace } from './port/task-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import type { ScriptReply } from './redis/scripts.js';
import { APP, isChild, liveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

/** Queues that one script looks at: it holds up everyone else while it runs. */
const QUEUES_AT_ONCE = 100;

/** How many tasks wait in each of these places. */
export async function sizesOf(connection: RedisConnection, places: readonly WaitingPlace[]): Promise<number[]> {
  const queues = [...new Set(places.map(({ queue }) => queue))];
  const replies = await stateReplies(connection, queues);
  const sizes = new Map(
    replies.map(([pending, quarantined, scheduled, , , , , held], at) => [
      queues[at],
      { pending, quarantined, scheduled, held },
    ]),
  );
  return places.map(({ queue, state }) => sizes.get(queue)?.[state] ?? 0);
}

/** Looks at queues. No decision hangs on it, so the figures of two queues need not be of one moment. */
export async function readQueueStates(
  connection: RedisConnection,
  pauses: Pick<PausePort, 'pauses'>,
  queues: readonly string[],
  { sessions, diedSince }: QueueStatesOptions,
): Promise<QueueState[]> {
  const [live, held, states] = await Promise.all([
    sessions ? sessions.live.map(({ fields }) => fields) : liveSessions(connection),
    pauses.pauses(),
    stateReplies(connection, queues, diedSince),
  ]);
  const paused = new Map(held.map(({ queue, ...pause }) => [queue, pause]));
  // a worker whose children do not come up serves nothing, however well it keeps its lease
  const serving = live.filter((session) => Object.keys(session).some(isChild));
  const workers = serving.map(
    (session): AppWorker => ({ queues: queuesIn(session[SERVED_QUEUES]), app: decodeAppTasks(session[APP]) }),
  );
  const served = new Set(workers.flatMap((worker) => worker.queues));
  return states.map(([listed, quarantined, scheduled, dead, died, head, dueAt, held, heldBack], at) => {
    const queue = queues[at] ?? '';
    return {
      queue,
      pending: Math.max(listed + held - heldBack, 0),
      heldBack,
      scheduled,
      quarantined,
      dead,
      died,
      head: head === '' ? undefined : head,
      dueAt: dueAt === '' ? undefined : Number(dueAt),
      served: served.has(queue),
      contestants: contestantsOf(queue, workers),
      paused: paused.get(queue),
    };
  });
}

function stateReplies(
  connection: RedisConnection,
  queues: readonly string[],
  diedSince?: number,
): Promise<ScriptReply<'queue-states'>> {
  return mapInParts(queues, QUEUES_AT_ONCE, (part) =>
    connection.call('queue-states', { queues: part, diedSince: diedSince ?? '' }),
  );
}
