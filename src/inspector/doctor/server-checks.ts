import type { ServerFacts } from '../../broker/port/checkup-port.js';
import { MB } from '../../values/byte-size.js';
import { printable } from '../../values/printable.js';
import { quoted } from '../../values/shell-word.js';
import { finding, judged, type Outcome, ok, unreported } from './outcome.js';

/** A part of `maxmemory` beyond which a backlog may fill it. */
const NEARLY_FULL = 0.8;

/** @param ms for the answer to one command */
export function judgeReachable(where: string, ms: number): Outcome {
  return ok(`${where} answers within ${ms < 1 ? 'a millisecond' : `${Math.round(ms)} ms`}.`);
}

export function judgeVersion({ version, isSupported, oldest }: ServerFacts, where: string): Outcome {
  if (version === undefined) return unreported('its version');
  const summary = `Redis ${printable(version)}.`;
  if (isSupported) return ok(summary);
  return judged(summary, [
    finding('too-old', where, {
      what: `Redis ${version} does not have the script flags that nestwork needs: no worker starts.`,
      remedy: `Upgrade to Redis ${oldest} or later, or to Valkey.`,
    }),
  ]);
}

export function judgeDatabase({ isCluster, replicaOf }: ServerFacts, where: string, database: number): Outcome {
  if (isCluster) {
    const what = 'It is a node of a Redis Cluster, and nestwork needs all keys of a namespace on one server.';
    const remedy = 'Use a Redis without `cluster-enabled yes`. Sentinels make one highly available.';
    return judged('A node of a cluster.', [finding('cluster-node', where, { what, remedy })]);
  }
  if (replicaOf === undefined) return ok(`Database ${database} of a primary.`);
  return judged(`Database ${database} of a replica.`, [
    finding('replica', where, {
      what: `It is a replica of ${replicaOf}: it takes no tasks, and shows the tasks of a moment ago.`,
      remedy: 'Name the primary, or its sentinels, in the option `redis` of the apps.',
    }),
  ]);
}

export function judgeFormat(
  key: string,
  { found, expected }: { found: string | undefined; expected: string },
): Outcome {
  if (found === undefined) return ok('No worker has written into this namespace yet.');
  if (found === expected) return ok(`${expected}.`);
  return judged('Another format.', [
    finding('foreign-format', key, {
      what: `It holds "${printable(found, 60)}", and this version of nestwork works on ${expected}. No process of this version starts.`,
      remedy:
        'If an older or newer nestwork wrote it, let its workers empty the queues first. If another program did, give the apps another `namespace`.',
    }),
  ]);
}

export function judgeEviction({ evictionPolicy }: ServerFacts, where: string): Outcome {
  if (evictionPolicy === undefined) return unreported('its eviction policy');
  if (evictionPolicy === 'noeviction') return ok('noeviction.');
  return judged(`${printable(evictionPolicy)}.`, [
    finding('eviction-policy', where, {
      what: `The maxmemory-policy is ${evictionPolicy}: a full Redis deletes tasks and sessions.`,
      remedy: 'Set it to noeviction, also in redis.conf: a full Redis then refuses new tasks and keeps the old ones.',
      command: 'redis-cli CONFIG SET maxmemory-policy noeviction',
    }),
  ]);
}

export function judgePersistence({ appends, failedSave }: ServerFacts, where: string): Outcome {
  if (appends === undefined) return unreported('how it saves data');
  const findings = [];
  if (!appends) {
    findings.push(
      finding('no-append-file', where, {
        what: 'The append-only file is off: a restart of Redis loses all tasks since its last snapshot.',
        remedy: 'Switch it on, also in redis.conf.',
        command: 'redis-cli CONFIG SET appendonly yes',
      }),
    );
  }
  if (failedSave !== undefined) {
    findings.push(
      finding('failed-save', where, {
        what: `Redis could not save its data (${failedSave}). It may refuse writes, and a restart loses tasks.`,
        remedy: 'See its log, and whether its disk is full.',
        command: 'redis-cli INFO persistence',
      }),
    );
  }
  return judged(appends ? 'The append-only file is on.' : 'The append-only file is off.', findings);
}

/** @param policy the setting `appendfsync` */
export function judgeFsync(policy: string | undefined, where: string): Outcome {
  if (policy === undefined) return unreported('the setting appendfsync');
  const summary = `appendfsync ${printable(policy)}.`;
  if (policy !== 'no') return ok(summary);
  return judged(summary, [
    finding('fsync-off', where, {
      what: 'appendfsync is no: a crash of the machine loses the tasks of up to half a minute.',
      remedy: 'Set it to everysec, which loses about a second, or to always, which loses nothing.',
      command: 'redis-cli CONFIG SET appendfsync everysec',
    }),
  ]);
}

export function judgeMemory({ usedMemory, maxMemory }: ServerFacts, where: string): Outcome {
  if (usedMemory === undefined || maxMemory === undefined) return unreported('its memory');
  if (maxMemory === 0) {
    return judged(`${megabytes(usedMemory)} used, no limit.`, [
      finding('no-memory-limit', where, {
        what: 'maxmemory is 0: a long backlog takes all memory of the machine, and the kernel then kills Redis.',
        remedy: 'Set maxmemory to less than the machine has: a full Redis then refuses new tasks.',
        command: 'redis-cli CONFIG SET maxmemory 2gb',
      }),
    ]);
  }
  const summary = `${megabytes(usedMemory)} of ${megabytes(maxMemory)} used.`;
  if (usedMemory < maxMemory * NEARLY_FULL) return ok(summary);
  return judged(summary, [
    finding('memory-short', where, {
      what: `${Math.round((100 * usedMemory) / maxMemory)} % of maxmemory is used. A full Redis refuses new tasks.`,
      remedy: 'Raise maxmemory, start more workers, or remove dead tasks.',
      command: `redis-cli CONFIG SET maxmemory ${quoted(String(2 * maxMemory))}`,
    }),
  ]);
}

function megabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(1)} MB`;
}
