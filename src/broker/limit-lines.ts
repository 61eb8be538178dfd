import { LIMIT_KEY_LENGTH } from '../message/limit-tag.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { unlessWrongType } from './redis/redis-errors.js';

/** Lines whose tasks are counted, of each limit: each of them takes a command. */
const MOST_LINES = 100;

/** How many lines wait for limits that begin so. */
export function linesBehind(connection: RedisConnection, prefixes: readonly string[]): Promise<number[]> {
  return connection.command((redis, keys) =>
    Promise.all(prefixes.map((prefix) => redis.zlexcount(keys.waiters(), `[${prefix}`, `(${prefix}~`))),
  );
}

/** How many tasks are in these lines; undefined where there are too many lines to count. */
export async function tasksBehind(
  connection: RedisConnection,
  prefixes: readonly string[],
): Promise<(number | undefined)[]> {
  const waiters = await connection.command((redis, keys) =>
    Promise.all(
      prefixes.map((prefix) =>
        redis.zrangebylex(keys.waiters(), `[${prefix}`, `(${prefix}~`, 'LIMIT', 0, MOST_LINES + 1),
      ),
    ),
  );
  return Promise.all(
    waiters.map(async (lines) => {
      if (lines.length > MOST_LINES) return undefined;
      if (lines.length === 0) return 0;
      const counts = await tasksIn(connection, lines);
      return counts.reduce((sum, tasks) => sum + tasks, 0);
    }),
  );
}

/** @param waiters `<limit><queue> <kind and order> <line>` each, see lua/lib/lines.lua; the line `*` is the whole queue */
function tasksIn(connection: RedisConnection, waiters: readonly string[]): Promise<number[]> {
  return connection.command((redis, keys) =>
    Promise.all(
      waiters.flatMap((waiter) => {
        const [queue = '', , line = ''] = waiter.slice(LIMIT_KEY_LENGTH).split(' ');
        const counts =
          line === '*'
            ? [redis.llen(keys.pending(queue)), redis.zcard(keys.held(queue))]
            : [redis.zlexcount(keys.held(queue), `[${line} `, `(${line}!`)];
        return counts.map((count) => count.catch(ofNoLine));
      }),
    ),
  );
}

/** A key of somebody else has no tasks. */
function ofNoLine(error: Error): number {
  unlessWrongType(error);
  return 0;
}
