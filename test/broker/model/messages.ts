import { createHash } from 'node:crypto';
import { encodeMessage } from '../../../src/message/task-message.js';
import { encodeUnique, type UniqueUntil } from '../../../src/message/unique-key.js';
import { encodePayload } from '../../../src/payload/payload.js';

const EPOCH = Date.UTC(2026, 0, 1);
const REDRIVEN_LINE = '\n{"at":0,"code":"REDRIVEN"}';

/** Two apps that enqueue. The clock of the second is late; its ids begin just before a new block of the `seen` bitmaps. */
const PRODUCERS = [
  { name: 'producerpunc', first: 0, lateMs: 0 },
  { name: 'producerlate', first: 4_093, lateMs: 3_500 },
] as const;

const TASK = 'Tâche.test';
/** Later than all that is enqueued or redriven. */
const TRIED_AGAIN = EPOCH + 20 * 365 * 86_400_000;
const LONGEST_HISTORY = 20;
/** Of a version to come: it stays in the message, before a tag that is known or behind it. */
const NEWER_TAG = `z${'sf'.repeat(13)}s`;

/** How a message counts as unique: a key of few, so that they meet. */
export interface Uniqueness {
  readonly key: string;
  readonly until: UniqueUntil;
}

/** The next messages of a producer, after those already enqueued. Always the same, so that a seed determines everything. */
export function freshMessages(
  producer: number,
  count: number,
  enqueued: Iterable<string>,
  unique?: Uniqueness,
): string[] {
  const { name, first, lateMs } = PRODUCERS[producer % PRODUCERS.length] ?? PRODUCERS[0];
  const all = [...enqueued];
  const next = first + all.filter((id) => id.startsWith(name)).length;
  const mark = unique ? encodeUnique(TASK, unique.key, unique.until) : '';
  return Array.from({ length: count }, (_, index) => {
    const message = encodeMessage({
      id: name + (next + index).toString(36).padStart(8, '0'),
      name: TASK,
      payload: encodePayload([next + index]),
      enqueuedAt: EPOCH + (all.length + index) * 1_000 - lateMs,
      tags: [mark, `${NEWER_TAG}${mark}`, `${mark}${NEWER_TAG}`][(next + index) % 3],
    });
    // some have been tried as often as is noted
    return (next + index) % 4 === 3 ? message + '\n{}'.repeat(LONGEST_HISTORY) : message;
  });
}

/**
 * The n-th text that is no message of ours: shorter than an id, than a header, or long.
 */
export function foreignBytes(n: number): string {
  return n % 3 === 0 ? `Foreign${n}` : `Foreign${n}`.padEnd(n % 2 === 0 ? 14 : 60, 'x');
}

/** The report of a claim that is no task of a queue of its worker. */
export const STRAY =
  '{"code":"UNDECODABLE_MESSAGE","error":"It lay among the claims of a child that is gone, and is no task of a queue that its worker serves.","host":"","pid":0}';

/** How such a claim is kept. */
export function strayed(id: string, held: string): string {
  return `undecodable${createHash('sha1').update(`${id} ${held}`).digest('hex').slice(0, 9)}?${held}`;
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
export function isQuarantined(message: string): boolean {
  return !isForeign(message) && message.slice(23, 25) !== '00';
}

export function crashed(message: string): { message: string; crashes: number } {
  const crashes = Number.parseInt(message.charAt(23), 36) + 1;
  return { message: message.slice(0, 23) + crashes.toString(36) + message.slice(24), crashes };
}

export function quarantined(message: string): string {
  const suspicions = Number.parseInt(message.charAt(24), 36) + 1;
  return message.slice(0, 24) + suspicions.toString(36) + message.slice(25);
}

export function failuresOf(message: string): number {
  return Number.parseInt(message.slice(21, 23), 36);
}

/** One attempt more that failed. */
export function failed(message: string): string {
  const failures = Math.min(failuresOf(message) + 1, 36 ** 2 - 1);
  return message.slice(0, 21) + failures.toString(36).padStart(2, '0') + message.slice(23);
}

/** The n-th line for a history; it foretells the time that the message gets with it. */
export function attemptLine(n: number): string {
  return `\n{"at":${n},"time":"${(TRIED_AGAIN + n).toString(36).padStart(9, '0')}"}`;
}

/** With a line more; of twenty the oldest goes. */
export function remembered(message: string, line: string): string {
  const [body = '', ...lines] = message.split('\n');
  return [body, ...lines.slice(lines.length >= LONGEST_HISTORY ? 1 : 0), line.slice(1)].join('\n');
}

export function historyIsFull(message: string): boolean {
  return message.split('\n').length > LONGEST_HISTORY;
}

/** As it is to run again, at the time that the line of {@link attemptLine} foretells. */
export function triedAgain(message: string, line: string, counts: boolean): string {
  const again = remembered(counts ? failed(message) : message, line);
  return again.slice(0, 25) + (/"time":"(\w+)"/.exec(line)?.[1] ?? '') + again.slice(34);
}

/** The unique part of a message: until when it has its key, and which key. */
export function keyOf(message: string): { until: 's' | 'f'; digest: string } | undefined {
  const tag = /^(?:[A-Za-z].{27})*?([sf])(.{27})/.exec(message.slice(34));
  return tag ? { until: tag[1] as 's' | 'f', digest: tag[2] as string } : undefined;
}

/** The message as it runs again: new counters, and a line in its history. Later than all others, at a time that is always the same. */
export function redriven(message: string): string {
  const time = (EPOCH + 10 * 365 * 86_400_000).toString(36).padStart(9, '0');
  return remembered(`${message.slice(0, 21)}0000${time}${message.slice(34)}`, REDRIVEN_LINE);
}

/** The message as {@link redriven} predicts it, for any time of the clock of Redis. */
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
