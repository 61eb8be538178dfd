import { isSuspect as diedBefore, HEADER_LENGTH, idOf } from '../../task/task-message.js';
import { UNIQUE_LENGTH, type UniqueUntil } from '../../task/unique-key.js';

/**
 * What the scripts of Redis do to messages, see lua/lib/message.lua and its neighbours: they change the header of fixed
 * width, append to the history, and never decode the rest.
 */

/** Lines that a history keeps. */
const MOST_LINES = 20;
const FOREIGN = /^undecodable[0-9a-f]{9}\?/;

/** Whether bytes that were no message of ours when they were claimed stand behind an id made up for them. */
export function isForeign(message: string): boolean {
  return FOREIGN.test(message);
}

/** Whether a process died with it before. Foreign bytes have no counters. */
export function isSuspect(message: string): boolean {
  return !isForeign(message) && diedBefore(message);
}

/** Failures, as the two digits that stand in the header. */
export function failuresIn(message: string): string {
  return message.slice(21, 23);
}

export function withFailure(message: string): string {
  return counted(message, 21, 23).message;
}

export function withCrash(message: string): { message: string; count: number } {
  return counted(message, 23, 24);
}

export function withSuspicion(message: string): string {
  return counted(message, 24, 25).message;
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

/** As it runs again after its death: counters and time anew. Undefined for bytes that have no header of this version. */
export function startedAnew(id: string, message: string, now: number): string | undefined {
  const header = message.slice(0, HEADER_LENGTH);
  if (!/^[0-9a-z]{34}$/.test(header) || !header.startsWith(`${id}1`)) return undefined;
  return withTime(`${id}10000${message.slice(25)}`, now);
}

/** What a unique message says of its key. */
export function keyOf(message: string): { readonly digest: string; readonly until: UniqueUntil } | undefined {
  const mark = message.charAt(HEADER_LENGTH);
  if (mark !== 's' && mark !== 'f') return undefined;
  const digest = message.slice(HEADER_LENGTH + 1, HEADER_LENGTH + UNIQUE_LENGTH);
  return { digest, until: mark === 's' ? 'started' : 'finished' };
}

/** Time of enqueueing, then id: the order in which messages were sent, as far as anyone can tell. */
export function ageOf(message: string): string {
  return message.slice(25, HEADER_LENGTH) + idOf(message);
}

/** Counts up base 36 digits; they stop at their highest number. */
function counted(message: string, first: number, end: number): { message: string; count: number } {
  const width = end - first;
  const count = Math.min((Number.parseInt(message.slice(first, end), 36) || 0) + 1, 36 ** width - 1);
  const digits = count.toString(36).padStart(width, '0');
  return { message: message.slice(0, first) + digits + message.slice(end), count };
}
