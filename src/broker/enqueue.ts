import { EnqueueUnconfirmedError, NestworkError } from '../errors.js';
import { blockOf, producerOf, TASK_ID_LENGTH } from '../task/task-id.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';

/** How long a repeated enqueue is recognised. */
const SEEN_SECONDS = 600;
/** Lua's unpack fails from about 8,000 values on, and a script holds up everyone else while it runs. */
const CHUNK_MESSAGES = 1_000;
const CHUNK_CHARACTERS = 1_000_000;

/**
 * Adds messages to a queue, in order, each id once, in as many scripts as needed.
 *
 * @returns how many were new
 * @throws EnqueueUnconfirmedError when any of them may have been added without an answer
 */
export async function enqueueInChunks(
  connection: RedisConnection,
  keys: RedisKeys,
  queue: string,
  messages: readonly string[],
): Promise<number> {
  let added = 0;
  let confirmed = 0;
  for (const chunk of chunks(messages)) {
    const touched = [keys.queue(queue), keys.bell(queue), keys.seen(idOf(chunk[0] ?? ''))];
    try {
      added += (await connection.call('enqueue', touched, [SEEN_SECONDS, ...chunk])) as number;
      confirmed += chunk.length;
    } catch (error) {
      // every other error proves that nothing of this chunk was written
      const uncertain = error instanceof NestworkError && error.code === 'REDIS_TIMEOUT';
      throw confirmed > 0 || uncertain ? new EnqueueUnconfirmedError(messages.map(idOf), { cause: error }) : error;
    }
  }
  return added;
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
    const id = idOf(message);
    const itsBlock = `${producerOf(id)}:${blockOf(id)}`;
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

function idOf(message: string): string {
  return message.slice(0, TASK_ID_LENGTH);
}
