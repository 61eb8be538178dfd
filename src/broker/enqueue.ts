import { EnqueueUnconfirmedError, NestworkError } from '../errors.js';
import { blockOf, producerOf } from '../message/task-id.js';
import { idOf } from '../message/task-message.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import type { Due, KeyHolder, UniqueOptions } from './port/broker.js';
import type { RedisConnection } from './redis/redis-connection.js';
import type { RedisKeys } from './redis/redis-keys.js';

/** How long a repeated enqueue is recognised. */
export const SEEN_SECONDS = 600;
/** Lua's unpack fails from about 8,000 values on, and a script holds up everyone else while it runs. */
const CHUNK_MESSAGES = 1_000;
export const CHUNK_CHARACTERS = 1_000_000;

/**
 * Adds messages to a queue, or to its schedule, in order, each id once, in as many scripts as needed.
 *
 * @returns how many were new
 * @throws EnqueueUnconfirmedError when any of them may have been added without an answer
 */
export async function enqueueInChunks(
  connection: RedisConnection,
  keys: RedisKeys,
  queue: string,
  messages: readonly string[],
  due?: Due,
): Promise<number> {
  return addInChunks(messages, (chunk, block) => {
    if (!due) return enqueueChunk(connection, keys, queue, block, chunk);
    return connection.call(keys, 'schedule', { block, queue, seconds: SEEN_SECONDS, ...dueArgs(due), messages: chunk });
  });
}

/**
 * Adds messages to a queue, in order, each id once, in one script.
 *
 * @param block of the `seen` bitmap that all their ids share
 * @returns how many were new
 */
export function enqueueChunk(
  connection: RedisConnection,
  keys: RedisKeys,
  queue: string,
  block: string,
  messages: readonly string[],
): Promise<number> {
  return connection.call(keys, 'enqueue', { block, queue, seconds: SEEN_SECONDS, messages });
}

/**
 * Appends messages to the stream of broadcasts, in order, each id once, in as many scripts as needed.
 *
 * @returns how many were new
 * @throws EnqueueUnconfirmedError when any of them may have been added without an answer
 */
export async function broadcastInChunks(
  connection: RedisConnection,
  keys: RedisKeys,
  messages: readonly string[],
): Promise<number> {
  return addInChunks(messages, (chunk, block) =>
    connection.call(keys, 'broadcast', { block, seconds: SEEN_SECONDS, kept: KEPT_BROADCASTS, messages: chunk }),
  );
}

/** @param add sends a chunk whose ids share the `seen` bitmap of the block */
async function addInChunks(
  messages: readonly string[],
  add: (chunk: readonly string[], block: string) => Promise<number>,
): Promise<number> {
  let added = 0;
  let confirmed = 0;
  for (const chunk of chunks(messages)) {
    try {
      added += await add(chunk, seenBlock(chunk[0] ?? ''));
      confirmed += chunk.length;
    } catch (error) {
      throw confirmed > 0
        ? new EnqueueUnconfirmedError(messages.map(idOf), { cause: error })
        : unconfirmed(error, messages);
    }
  }
  return added;
}

/**
 * Adds a message with a unique key.
 *
 * @param queues all queues of the app: the task that has the key may wait in any of them
 * @returns the task that has the key now
 * @throws EnqueueUnconfirmedError
 */
export async function enqueueUnique(
  connection: RedisConnection,
  keys: RedisKeys,
  queues: readonly string[],
  { queue, message, due = { in: 0 }, replace }: UniqueOptions & { queue: string; message: string },
): Promise<KeyHolder> {
  // a task of another app may have a queue that this one does not know
  const all = queues.includes(queue) ? queues : [...queues, queue];
  const onConflict = replace ? 'replace' : 'keep';
  const task = { block: seenBlock(message), message, queue, queues: all };
  try {
    const input = { ...task, seconds: SEEN_SECONDS, ...dueArgs(due), onConflict };
    const [id, holder] = await connection.call(keys, 'enqueue-unique', input);
    return { id, queue: holder };
  } catch (error) {
    throw unconfirmed(error, [message]);
  }
}

function dueArgs(due: Due): { dueFrom: string; dueMs: number } {
  return 'in' in due ? { dueFrom: 'in', dueMs: due.in } : { dueFrom: 'at', dueMs: due.at };
}

/** Which `seen` bitmap the id of a message belongs to. */
export function seenBlock(message: string): string {
  const id = idOf(message);
  return `${producerOf(id)}:${blockOf(id)}`;
}

/** What an enqueue of these messages rejects with. Every error but a timeout proves that nothing was written. */
export function unconfirmed(error: unknown, messages: readonly string[]): unknown {
  const uncertain = error instanceof NestworkError && error.code === 'REDIS_TIMEOUT';
  return uncertain ? new EnqueueUnconfirmedError(messages.map(idOf), { cause: error }) : error;
}

/** Handles a lookup before an enqueue that got no answer: it has changed nothing, so nothing is in doubt. @param what it asked */
export function unlooked(what: string, remedy: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof NestworkError) || error.code !== 'REDIS_TIMEOUT') throw error;
    throw new NestworkError('REDIS_UNAVAILABLE', `Redis did not say in time ${what}.`, remedy, { cause: error });
  };
}

/**
 * Waits until replicas have what was enqueued over this connection.
 *
 * @param current the connection over which it was enqueued: another one may lead to a new primary that never had it,
 *   and whose replicas would confirm that
 * @throws EnqueueUnconfirmedError when too few of them say so in time; the primary has it
 */
export async function replicated(
  connection: RedisConnection,
  current: number,
  messages: readonly string[],
  replicas: number,
  timeoutMs: number,
): Promise<void> {
  // Redis gives up before the command does, and says how many there were
  const patienceMs = Math.ceil(timeoutMs * 0.8);
  const unconfirmed = (cause: unknown): never => {
    throw new EnqueueUnconfirmedError(messages.map(idOf), { cause });
  };
  const confirmed = await connection.command((redis) => redis.wait(replicas, patienceMs)).catch(unconfirmed);
  if (connection.current !== current) unconfirmed(new Error('The connection was lost before replicas could confirm.'));
  if (confirmed < replicas) unconfirmed(new Error(`${confirmed} of ${replicas} replicas have it.`));
}

/** Runs of messages whose ids share one `seen` bitmap, small enough for one script. */
function* chunks(messages: readonly string[]): Generator<string[]> {
  let chunk: string[] = [];
  let block = '';
  let characters = 0;
  for (const message of messages) {
    const itsBlock = seenBlock(message);
    const full = chunk.length === CHUNK_MESSAGES || characters + message.length > CHUNK_CHARACTERS;
    if (chunk.length > 0 && (full || itsBlock !== block)) {
      yield chunk;
      chunk = [];
      characters = 0;
    }
    block = itsBlock;
    chunk.push(message);
    characters += message.length;
  }
  if (chunk.length > 0) yield chunk;
}
