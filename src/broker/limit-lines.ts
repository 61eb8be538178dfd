import { LIMIT_KEY_LENGTH } from '../message/limit-tag.js';
import type { WaitingFor } from './port/limit-rules-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { ifWrongType } from './redis/redis-errors.js';

/** Lines whose tasks are counted, of each limit: each of them takes a command. */
const MOST_LINES = 100;
/** Lines whose queues a change wakes by itself; promoters wake the others. */
const WOKEN = 100;

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
  const waiters = await firstBehind(connection, prefixes, MOST_LINES + 1);
  return Promise.all(
    waiters.map(async (lines) => {
      if (lines.length > MOST_LINES) return undefined;
      if (lines.length === 0) return 0;
      const counts = await tasksIn(connection, lines);
      return counts.reduce((sum, tasks) => sum + tasks, 0);
    }),
  );
}

/** Both; for most limits nothing waits, and their tasks need no command. */
export async function waitingBehind(connection: RedisConnection, prefixes: readonly string[]): Promise<WaitingFor[]> {
  const lines = await linesBehind(connection, prefixes);
  const few = prefixes.filter((_, at) => isCounted(lines[at] ?? 0));
  const tasks = await tasksBehind(connection, few);
  const tasksOf = new Map(few.map((prefix, at) => [prefix, tasks[at]]));
  return prefixes.map((prefix, at) => ({ lines: lines[at] ?? 0, tasks: lines[at] === 0 ? 0 : tasksOf.get(prefix) }));
}

function isCounted(lines: number): boolean {
  return lines > 0 && lines <= MOST_LINES;
}

/** The queues of the first of these lines. */
export async function queuesBehind(connection: RedisConnection, prefix: string): Promise<string[]> {
  const [waiters = []] = await firstBehind(connection, [prefix], WOKEN);
  const queues = waiters.map((waiter) => lineIn(waiter).queue);
  return [...new Set(queues.filter((queue) => queue !== ''))];
}

/** So many of the first lines, as `lineIn` reads them. */
function firstBehind(connection: RedisConnection, prefixes: readonly string[], most: number): Promise<string[][]> {
  return connection.command((redis, keys) =>
    Promise.all(
      prefixes.map((prefix) => redis.zrangebylex(keys.waiters(), `[${prefix}`, `(${prefix}~`, 'LIMIT', 0, most)),
    ),
  );
}

/** `<limit><queue> <kind and order> <line>`, see lua/lib/lines.lua; the line `*` is the whole queue. */
function lineIn(waiter: string): { readonly queue: string; readonly line: string } {
  const [queue = '', , line = ''] = waiter.slice(LIMIT_KEY_LENGTH).split(' ');
  return { queue, line };
}

function tasksIn(connection: RedisConnection, waiters: readonly string[]): Promise<number[]> {
  return connection.command((redis, keys) =>
    Promise.all(
      waiters.flatMap((waiter) => {
        const { queue, line } = lineIn(waiter);
        const counts =
          line === '*'
            ? [redis.llen(keys.pending(queue)), redis.zcard(keys.held(queue))]
            : [redis.zlexcount(keys.held(queue), `[${line} `, `(${line}!`)];
        // a key of somebody else has no tasks
        return counts.map((count) => count.catch(ifWrongType(0)));
      }),
    ),
  );
}
