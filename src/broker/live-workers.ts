import { decodeAppTasks } from '../task/app-tasks.js';
import type { LiveWorker } from './port/broker.js';
import type { RedisConnection } from './redis/redis-connection.js';
import type { RedisKeys } from './redis/redis-keys.js';
import { FIRED, firedCrons } from './session-crons.js';
import { APP, fieldsOfLiveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

const TOLD = [SERVED_QUEUES, '@host', '@pid', APP, FIRED];

/** What each worker with a lease tells of itself. Without a script: people are told of what it finds, and nothing is done about it. */
export async function readLiveWorkers(connection: RedisConnection, keys: RedisKeys): Promise<LiveWorker[]> {
  const sessions = await fieldsOfLiveSessions(connection, keys, TOLD);
  return sessions.map(([queues, host, pid, app, fired]) => ({
    queues: queuesIn(queues),
    host: host ?? '',
    pid: Number(pid),
    app: decodeAppTasks(app),
    crons: firedCrons(fired),
  }));
}
