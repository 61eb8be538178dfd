import { outboxStatuses } from '../outbox/outbox-status.js';
import { judgeClocks } from './clock-check.js';
import { judgeCrons } from './cron-checks.js';
import type { DoctorCheckName } from './doctor-report.js';
import { judgeClaims, judgeKeys, type OrphanedClaims } from './key-checks.js';
import { judgeLimits } from './limit-checks.js';
import { surveyNames } from './name-survey.js';
import { judgeOutboxes } from './outbox-checks.js';
import { type Outcome, unchecked } from './outcome.js';
import type { Readings } from './readings.js';
import {
  judgeDatabase,
  judgeEviction,
  judgeFormat,
  judgeFsync,
  judgeMemory,
  judgePersistence,
  judgeReachable,
  judgeVersion,
} from './server-checks.js';
import { DEATH_TIMES, judgeDead, judgeNames, judgePauses, judgeQueues } from './task-checks.js';
import { judgeDigests, judgeSessions, judgeVersions, type WorkersReading } from './worker-checks.js';

/** Reads for one check, and lets a pure function judge. */
type Check = (readings: Readings) => Promise<Outcome>;

/** Every check, in the order in which its result is shown. */
export const CHECKS: Readonly<Record<DoctorCheckName, Check>> = {
  reachable: async (readings) => {
    const startedAt = performance.now();
    await readings.broker.checkup.now();
    return judgeReachable(readings.where, performance.now() - startedAt);
  },
  version: async (readings) => judgeVersion(await readings.server(), readings.where),
  database: async (readings) =>
    judgeDatabase(await readings.server(), readings.where, readings.broker.checkup.database),
  format: async ({ broker: { checkup } }) => judgeFormat(checkup.key('format'), await checkup.format()),
  eviction: async (readings) => judgeEviction(await readings.server(), readings.where),
  persistence: async (readings) => judgePersistence(await readings.server(), readings.where),
  fsync: async (readings) => {
    const { appends } = await readings.server();
    if (appends === false) return unchecked('the append-only file is off.');
    return judgeFsync(await readings.broker.checkup.setting('appendfsync'), readings.where);
  },
  memory: async (readings) => judgeMemory(await readings.server(), readings.where),
  clock: async (readings) => {
    const [heads, crons] = await Promise.all([readings.queues(), readings.crons()]);
    const before = readings.clock();
    const redis = await readings.broker.checkup.now();
    return judgeClocks({ before, redis, after: readings.clock() }, { heads, crons });
  },
  keys: async (readings) => judgeKeys(await readings.keys()),
  claims: async (readings) => {
    const { checkup } = readings.broker;
    const survey = await readings.keys();
    // later than the keys: a child that was registered since is no orphan
    const sessions = await checkup.sessions();
    const listed = new Set(sessions.flatMap(({ children }) => children));
    const orphaned: OrphanedClaims[] = [];
    for (const child of survey.children) {
      if (listed.has(child)) continue;
      // its tasks may have been given back since
      const tasks = await checkup.heldBy(child);
      if (tasks > 0) orphaned.push({ child, tasks });
    }
    const key = (name: string): string => checkup.key(name);
    return judgeClaims(survey, orphaned, { key, queues: await readings.queueNames(), sessions });
  },
  sessions: async (readings) => judgeSessions(await workersReading(readings)),
  digests: async (readings) => judgeDigests(await workersReading(readings)),
  versions: async (readings) => judgeVersions(await workersReading(readings)),
  crons: async (readings) => {
    const [reading, crons] = [await workersReading(readings), await readings.crons()];
    const [atRunTime, setAtRunTime] = [await readings.runTimeCrons(), await readings.broker.crons.runTime.count()];
    return judgeCrons({ ...reading, crons, atRunTime, setAtRunTime, zoneData: process.versions.tz });
  },
  limits: async (readings) =>
    judgeLimits({ ...(await workersReading(readings)), closed: await readings.broker.limitRules.closed() }),
  queues: async (readings) => {
    const [queues, workers, survey, now] = await Promise.all([
      readings.queues(),
      readings.workers(),
      readings.keys(),
      readings.now(),
    ]);
    const known = new Set(queues.map(({ queue }) => queue));
    return judgeQueues({ queues, workers, strays: survey.queues.filter((queue) => !known.has(queue)), now });
  },
  names: async ({ broker, queueNames, withinMs }) =>
    judgeNames(await surveyNames(broker, await queueNames(), withinMs)),
  pauses: async ({ broker, now }) => judgePauses(await broker.pauses.pauses(), await now()),
  outbox: async ({ broker, now }) => judgeOutboxes(await outboxStatuses(broker.outbox), await now()),
  dead: async ({ broker: { deadLetters }, queueNames, now }) => {
    const time = await now();
    const queues = await queueNames();
    const [lastHour, lastDay, all] = await Promise.all([
      deadLetters.counts(queues, { since: time - DEATH_TIMES.lastHour }),
      deadLetters.counts(queues, { since: time - DEATH_TIMES.lastDay }),
      deadLetters.counts(queues, {}),
    ]);
    const of = (counts: readonly number[], at: number): number => counts[at] ?? 0;
    return judgeDead(
      queues.map((queue, at) => ({ queue, lastHour: of(lastHour, at), lastDay: of(lastDay, at), all: of(all, at) })),
    );
  },
};

/** The sessions first: a worker whose session is listed has one when its digest is read, or has stopped since. */
async function workersReading(readings: Readings): Promise<WorkersReading> {
  const [now, sessions, workers] = [await readings.now(), await readings.sessions(), await readings.workers()];
  return { now, sessions, workers };
}
