import { bodyStart, HEADER_LENGTH, tagOf } from '../../message/tags.js';
import { uniqueUntil } from '../../message/task-message.js';
import type { UniqueUntil } from '../../message/unique-key.js';

/**
 * Does to messages the same as the scripts of Redis, see lua/lib/message.lua and its neighbours: they change the header of
 * fixed width, append to the history, and never decode the rest.
 */

/** Lines that a history keeps. */
const MOST_LINES = 20;
/** Two base 36 digits. */
const MOST_FAILURES = 1_295;

/** With one failure more. */
export function withFailure(message: string): string {
  const failures = Math.min(Number.parseInt(message.slice(21, 23), 36) + 1, MOST_FAILURES);
  return message.slice(0, 21) + failures.toString(36).padStart(2, '0') + message.slice(23);
}

/** With a line more in its history; of a full one the oldest goes. */
export function remembered(message: string, line: string): string {
  const [body = '', ...lines] = message.split('\n');
  return [body, ...(lines.length >= MOST_LINES ? lines.slice(1) : lines)].join('\n') + line;
}

/** With another time at which it came into its queue. */
export function withTime(message: string, ms: number): string {
  return message.slice(0, 25) + ms.toString(36).padStart(9, '0') + message.slice(HEADER_LENGTH);
}

/** As it runs again after its death: counters and time anew. */
export function startedAnew(message: string, now: number): string {
  return withTime(`${message.slice(0, 21)}0000${message.slice(25)}`, now);
}

/** With another body; tags and history stay. */
export function withBody(message: string, body: string): string {
  const [, ...lines] = message.split('\n');
  return [message.slice(0, bodyStart(message)) + body, ...lines].join('\n');
}

/** Without the tag of its group. */
export function withoutGroup(message: string): string {
  const tag = tagOf(message, 'g');
  return tag === undefined ? message : message.replace(`g${tag}`, '');
}

/** The key in a unique message. */
export function keyOf(message: string): { readonly digest: string; readonly until: UniqueUntil } | undefined {
  const until = uniqueUntil(message);
  return until && { until, digest: tagOf(message, until === 'started' ? 's' : 'f') ?? '' };
}
