import { createHash } from 'node:crypto';
import { encodePayload } from '../../../src/task/payload.js';
import { encodeMessage } from '../../../src/task/task-message.js';

const EPOCH = Date.UTC(2026, 0, 1);
const REDRIVEN_LINE = '\n{"at":0,"code":"REDRIVEN"}';

/** Two apps that enqueue. The clock of the second is late; its ids begin just before a new block of the `seen` bitmaps. */
const PRODUCERS = [
  { name: 'producerpunc', first: 0, lateMs: 0 },
  { name: 'producerlate', first: 4_093, lateMs: 3_500 },
] as const;

/** The next messages of a producer, after those already enqueued. Always the same, so that a seed tells everything. */
export function freshMessages(producer: number, count: number, enqueued: Iterable<string>): string[] {
  const { name, first, lateMs } = PRODUCERS[producer % PRODUCERS.length] ?? PRODUCERS[0];
  const all = [...enqueued];
  const next = first + all.filter((id) => id.startsWith(name)).length;
  return Array.from({ length: count }, (_, index) =>
    encodeMessage({
      id: name + (next + index).toString(36).padStart(8, '0'),
      name: 'Tâche.test',
      payload: encodePayload([next + index]),
      enqueuedAt: EPOCH + (all.length + index) * 1_000 - lateMs,
    }),
  );
}

/**
 * The n-th text that is no message of ours: shorter than an id, than a header, or long.
 */
export function foreignBytes(n: number): string {
  return n % 3 === 0 ? `Foreign${n}` : `Foreign${n}`.padEnd(n % 2 === 0 ? 14 : 60, 'x');
}

/** How a claim hands a message out: foreign bytes stand whole behind an id made up for them and the claim. */
export function handedOut(message: string, claim: string): string {
  if (isForeign(message) || (message.length >= 34 && /^[0-9a-z]{20}/.test(message))) return message;
  return `undecodable${createHash('sha1').update(`${claim} ${message}`).digest('hex').slice(0, 9)}?${message}`;
}

export function idOf(message: string): string {
  return message.slice(0, 20);
}

export function isForeign(id: string): boolean {
  return id.startsWith('undecodable');
}

/** Whether a process died with it: a counter is not zero. */
export function isSuspect(message: string): boolean {
  return !isForeign(message) && message.slice(23, 25) !== '00';
}

export function crashed(message: string): { message: string; crashes: number } {
  const crashes = Number.parseInt(message.charAt(23), 36) + 1;
  return { message: message.slice(0, 23) + crashes.toString(36) + message.slice(24), crashes };
}

export function suspected(message: string): string {
  const suspicions = Number.parseInt(message.charAt(24), 36) + 1;
  return message.slice(0, 24) + suspicions.toString(36) + message.slice(25);
}

/** As it runs again: its counters start anew, its history tells of it. Later than all others, at a time that is always the same. */
export function redriven(message: string): string {
  const time = (EPOCH + 10 * 365 * 86_400_000).toString(36).padStart(9, '0');
  return `${message.slice(0, 21)}0000${time}${message.slice(34)}${REDRIVEN_LINE}`;
}

/** The message as {@link redriven} foretells it, whatever the clock of Redis said. */
export function atForetoldTime(message: string): string {
  const line = /\n\{"at":\d+,"code":"REDRIVEN"\}$/;
  return line.test(message) ? redriven(message.replace(line, '')) : message;
}

/** Compares by age: time of enqueueing, then id. */
export function byAge(a: string, b: string): number {
  return age(a) < age(b) ? -1 : 1;
}

function age(message: string): string {
  return message.slice(25, 34) + idOf(message);
}
