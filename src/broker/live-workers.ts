import { decodeAppTasks } from '../task/app-tasks.js';
import type { LiveWorker } from './port/broker.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { FIRED, firedCrons } from './session-crons.js';
import { LIMITS_OF_SESSION, limitsOfSession } from './session-limits.js';
import { APP, fieldsOfLiveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

const FIELDS = [SERVED_QUEUES, '@host', '@pid', APP, FIRED, LIMITS_OF_SESSION];

/** The workers with a lease. Without a script: a difference among them is logged, and nothing is changed. */
export async function readLiveWorkers(connection: RedisConnection): Promise<LiveWorker[]> {
  const sessions = await fieldsOfLiveSessions(connection, FIELDS);
  return sessions.map(([queues, host, pid, app, fired, limits]) => ({
    queues: queuesIn(queues),
    host: host ?? '',
    pid: Number(pid),
    app: decodeAppTasks(app),
    crons: firedCrons(fired),
    limits: limitsOfSession(limits),
  }));
}
