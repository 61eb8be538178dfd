import { NestworkError } from '../../errors.js';
import { printable } from '../../values/printable.js';
import type { ServerFacts } from '../port/checkup-port.js';
import type { RedisConnection } from './redis-connection.js';
import { isCluster, isForbidden } from './redis-errors.js';
import { parseServerFacts } from './server-facts.js';

/** The layout of keys and messages this version reads and writes. */
export const FORMAT = 'nestwork/1';

/** How far to check a server: `claim` also marks the namespace as ours, `look` writes nothing, `none` takes any server. */
export type ServerCheck = 'claim' | 'look' | 'none';

/**
 * Refuses a server that cannot keep the promise, or a key space that is not ours.
 *
 * @returns what is worth a warning
 */
export async function checkServer(connection: RedisConnection, how: ServerCheck): Promise<string[]> {
  if (how === 'none') return [];
  // a user without the right to call INFO gets no checks
  const facts = await readServerFacts(connection).catch(unlessForbidden);
  if (facts && !facts.isSupported) throw tooOld(facts);
  // a node of a cluster answers to no key that lies elsewhere
  if (facts?.isCluster) throw isCluster(connection.where);
  if (how === 'claim') await connection.command(claimKeySpace);
  await refuseForeignFormat(connection);
  const policy = facts?.evictionPolicy ?? 'noeviction';
  if (policy === 'noeviction') return [];
  return [
    `Redis may evict the keys of nestwork: its maxmemory-policy is ${printable(policy)}. Set it to noeviction, so that a full Redis refuses new tasks instead of losing old ones.`,
  ];
}

/** Rejects when the user may not call INFO. */
export async function readServerFacts(connection: RedisConnection): Promise<ServerFacts> {
  return parseServerFacts(await connection.command((redis) => redis.info()));
}

/** What the key of the format holds: undefined for nothing, and `a list` and the like for a key of another type. */
export async function readFormat(connection: RedisConnection): Promise<string | undefined> {
  return connection.command(async (redis, keys) => {
    const type = await redis.type(keys.format());
    if (type !== 'none' && type !== 'string') return `a ${type}`;
    return (await redis.get(keys.format())) ?? undefined;
  });
}

/** Rejects with all errors but a missing right. */
export function unlessForbidden(error: Error): undefined {
  if (error.cause instanceof Error && isForbidden(error.cause)) return undefined;
  throw error;
}

function tooOld({ version = '', oldest }: ServerFacts): NestworkError {
  return new NestworkError(
    'REDIS_TOO_OLD',
    `Redis ${printable(version)} is too old: nestwork needs the script flags of Redis ${oldest}.`,
    `Upgrade to Redis ${oldest} or Valkey.`,
  );
}

const claimKeySpace: Parameters<RedisConnection['command']>[0] = async (redis, keys) => {
  const key = keys.format();
  if ((await redis.exists(key)) === 0) await redis.setnx(key, FORMAT).catch(tolerateFullMemory);
};

async function refuseForeignFormat(connection: RedisConnection): Promise<void> {
  const found = await readFormat(connection);
  if (found === FORMAT || found === undefined) return;
  throw new NestworkError(
    'FOREIGN_KEYS',
    `The key ${connection.keys.format()} holds ${JSON.stringify(found.slice(0, 40))}, not ${FORMAT}.`,
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
