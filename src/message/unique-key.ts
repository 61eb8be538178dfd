import { NestworkError } from '../errors.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { isWellFormed } from '../values/well-formed.js';

const MAX_LENGTH = 1_000;

/**
 * Until when a task counts as the one with its key: a worker starts it, or it is finished, dead or cancelled.
 *
 * @example
 * const until: UniqueUntil = 'started';
 */
export type UniqueUntil = 'started' | 'finished';

/**
 * The tag of a message for its key: `s` or `f` (until started, until finished) and a digest of 27 characters, which
 * scripts find without decoding anything. Keys of different tasks never meet.
 *
 * @param task the name of the task
 * @param key any string of 1 to 1,000 characters without a lone surrogate
 * @param payloads makes the digest of a sealed task, which a guess of the key cannot be compared with
 * @throws NestworkError INVALID_OPTION when the key is none
 *
 * @example
 * encodeUnique('ReportTasks.send', 'user-7', 'finished'); // 'f' and 27 characters
 */
export function encodeUnique(task: string, key: string, until: UniqueUntil, payloads?: PayloadCodec): string {
  assertUniqueKey(task, key);
  return `${until === 'started' ? 's' : 'f'}${(payloads ?? PLAIN_PAYLOADS).digest(`${task}\n${key}`)}`;
}

/** @throws NestworkError INVALID_OPTION */
export function assertUniqueKey(task: string, key: unknown): void {
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_LENGTH) {
    throw new NestworkError(
      'INVALID_OPTION',
      `The \`key\` of a call of task "${task}" is not a string of 1 to ${MAX_LENGTH} characters.`,
      'Give a string that names what must be there only once, like "user-7".',
    );
  }
  if (!isWellFormed(key)) {
    throw new NestworkError(
      'INVALID_OPTION',
      `The \`key\` of a call of task "${task}" has a lone surrogate, so it would count as the same as others.`,
      ['Cut texts between characters, not within one: [...text].slice(0, 100).join("").', 'Use an id as the key.'],
    );
  }
}

/**
 * The digest of a key: the same, however long a task counts as the one with it.
 *
 * @throws NestworkError INVALID_OPTION when the key is none
 *
 * @example
 * digestOf('ReportTasks.send', 'user-7'); // 27 characters
 */
export function digestOf(task: string, key: string): string {
  return encodeUnique(task, key, 'finished').slice(1);
}

/**
 * All digests that may stand for a key: of a sealed task one for each key of the codec.
 *
 * @throws NestworkError INVALID_OPTION when the key is none
 *
 * @example
 * digestsOf('ReportTasks.send', 'user-7', payloads); // each of 27 characters
 */
export function digestsOf(task: string, key: string, payloads: PayloadCodec): readonly string[] {
  assertUniqueKey(task, key);
  return payloads.digests(`${task}\n${key}`);
}
