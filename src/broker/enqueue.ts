import { NestworkError } from '../errors.js';
import { blockOf, producerOf } from '../message/task-id.js';
import { idOf } from '../message/task-message.js';
import { chunksOf } from '../values/chunks.js';

/** How long a repeated enqueue is recognised. */
export const SEEN_SECONDS = 600;
/** Lua's unpack fails from about 8,000 values on, and a script holds up everyone else while it runs. */
const CHUNK_MESSAGES = 1_000;
export const CHUNK_CHARACTERS = 1_000_000;

/** Which `seen` bitmap the id of a message belongs to. */
export function seenBlock(message: string): string {
  const id = idOf(message);
  return `${producerOf(id)}:${blockOf(id)}`;
}

/** Handles a lookup before an enqueue that got no answer: it has changed nothing, so nothing is in doubt. @param what it asked */
export function unlooked(what: string, remedy: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof NestworkError) || error.code !== 'REDIS_TIMEOUT') throw error;
    throw new NestworkError('REDIS_UNAVAILABLE', `Redis did not say in time ${what}.`, remedy, { cause: error });
  };
}

/** Runs of messages whose ids share one `seen` bitmap, small enough for one script. */
export function chunks(messages: readonly string[]): Generator<string[]> {
  return chunksOf(messages, {
    most: CHUNK_MESSAGES,
    largest: CHUNK_CHARACTERS,
    sizeOf: ({ length }) => length,
    joins: (message, before) => seenBlock(message) === seenBlock(before),
  });
}
