import { createHash } from 'node:crypto';
import { eachTag } from './tags.js';

/** Characters of a limit key: 6 for the name of the limit, 21 for the key. */
export const LIMIT_KEY_LENGTH = 27;

/** Characters of the digest of a name, in front of each limit key of the limit. */
export const LIMIT_NAME_LENGTH = 6;
const OWN_LENGTH = LIMIT_KEY_LENGTH - LIMIT_NAME_LENGTH;
const NO_KEY = '-'.repeat(OWN_LENGTH);

/**
 * The first 6 characters of every limit key of a limit.
 *
 * @example
 * nameDigest('stripe'); // 6 characters
 */
export function nameDigest(name: string): string {
  return createHash('sha1').update(`limit\n${name}`).digest('base64url').slice(0, LIMIT_NAME_LENGTH);
}

/**
 * What a limit counts by in Redis: its name, and the key of a call if the limit has keys.
 *
 * @param key of 1 to 1,000 characters; undefined for a limit without keys
 *
 * @example
 * limitKey('stripe', 'acme'); // 27 characters
 */
export function limitKey(name: string, key?: string): string {
  const own = key === undefined ? NO_KEY : createHash('sha1').update(`${name}\n${key}`).digest('base64url');
  return nameDigest(name) + own.slice(0, OWN_LENGTH);
}

/** What the limit of a queue counts by. No declared limit has a space in its name. */
export function nameOfQueueLimit(queue: string): string {
  return `queue ${queue}`;
}

/** The queue whose limit has this name; undefined for a limit of tasks. */
export function queueOfLimit(name: string): string | undefined {
  const prefix = nameOfQueueLimit('');
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

/** The tag of a message for one of its limits. @param key from `limitKey` */
export function encodeLimitTag(key: string): string {
  return `l${key}`;
}

/**
 * The limit keys of a message as it lies in Redis, in the order of their declaration; those that it holds while it waits
 * (`L`), too.
 */
export function limitKeysOf(raw: string): string[] {
  const keys: string[] = [];
  for (const [letter, text] of eachTag(raw)) if (letter === 'l' || letter === 'L') keys.push(text);
  return keys;
}
