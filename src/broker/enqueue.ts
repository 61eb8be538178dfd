import { NestworkError } from '../errors.js';
import { blockOf, producerOf } from '../message/task-id.js';
import { idOf } from '../message/task-message.js';

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
export function* chunks(messages: readonly string[]): Generator<string[]> {
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
