import { NestworkError } from '../../errors.js';
import { printable } from '../../values/printable.js';
import type { RedisConnection } from './redis-connection.js';
import { isCluster, isForbidden } from './redis-errors.js';

/** The layout of keys and messages this version reads and writes. */
const FORMAT = 'nestwork/1';
const OLDEST_MAJOR = 7;

/**
 * Refuses a server that cannot keep the promise, or a key space that is not ours.
 *
 * @returns what is worth a warning
 */
export async function checkServer(connection: RedisConnection): Promise<string[]> {
  const info = await connection.command((redis) => redis.info()).catch(unlessForbidden);
  checkVersion(info);
  // a node of a cluster answers to no key that lies elsewhere
  if (/^redis_mode:cluster/m.test(info)) throw isCluster(connection.where);
  await claimKeySpace(connection);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  if (policy === 'noeviction') return [];
  return [
    `Redis may evict the keys of nestwork: its maxmemory-policy is ${printable(policy)}. Set it to noeviction, so that a full Redis refuses new tasks instead of losing old ones.`,
  ];
}

/** A user without the right to call INFO gets no checks. */
function unlessForbidden(error: Error): string {
  if (error.cause instanceof Error && isForbidden(error.cause)) return '';
  throw error;
}

function checkVersion(info: string): void {
  const version = /^redis_version:(\S+)/m.exec(info)?.[1];
  if (version === undefined || Number.parseInt(version, 10) >= OLDEST_MAJOR) return;
  throw new NestworkError(
    'REDIS_TOO_OLD',
    `Redis ${printable(version)} is too old: nestwork needs the script flags of Redis ${OLDEST_MAJOR}.`,
    `Upgrade to Redis ${OLDEST_MAJOR} or Valkey.`,
  );
}

async function claimKeySpace(connection: RedisConnection): Promise<void> {
  const key = connection.keys.format();
  const found = await connection.command(async (redis) => {
    if ((await redis.exists(key)) === 0) await redis.setnx(key, FORMAT).catch(tolerateFullMemory);
    const type = await redis.type(key);
    return type === 'none' || type === 'string' ? redis.get(key) : `a ${type}`;
  });
  if (found === FORMAT || found === null) return;
  throw new NestworkError(
    'FOREIGN_KEYS',
    `The key ${key} holds ${JSON.stringify(found.slice(0, 40))}, not ${FORMAT}.`,
    [
      'Choose another `namespace`: something else owns the keys of this one.',
      'If an older or newer nestwork wrote them, run workers of that version until its queues are empty.',
    ],
  );
}

/** A full Redis still has tasks to drain; the key is written at a later start. */
function tolerateFullMemory(error: Error): number {
  if (error.message.startsWith('OOM')) return 0;
  throw error;
}
