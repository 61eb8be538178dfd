import { createHash } from 'node:crypto';
import type { CatalogEntry, SessionDescription } from '../../broker/broker.js';
import { idOf } from '../../task/task-message.js';
import { MemoryQueue } from './memory-queue.js';
import { MemoryTokens } from './memory-tokens.js';
import { ageOf, keyOf, remembered, withFailure, withTime } from './message-edits.js';
import type { Time } from './virtual-clock.js';

const STRAY = JSON.stringify({
  code: 'UNDECODABLE_MESSAGE',
  error: 'It lay among the claims of a child that is gone, and is no task of a queue that its worker serves.',
  host: '',
  pid: 0,
});

/** A message, and the queue it belongs to. */
export interface Held {
  readonly queue: string;
  readonly message: string;
}

/** A session with its lease. */
export interface MemorySession {
  description: SessionDescription;
  /** in ms since 1970 */
  deadline: number;
  /** registered child -> number of its last claim */
  readonly children: Map<string, number>;
}

/** What becomes of a failed attempt. */
export interface NextAttempt {
  readonly inMs: number;
  readonly line: string;
  readonly counts: boolean;
}

const CANCELLED_MS = 86_400_000;
const MOST_CANCELLED = 10_000;

/** Token of the alarm; no queue can have this name. */
export const ALARM = '(alarm)';

/**
 * All that a broker knows, in memory, with the steps that its transitions share. What the keys of Redis hold is here in
 * maps; one process has one thread, so each transition is atomic by itself.
 */
export class MemoryStore {
  readonly sessions = new Map<string, MemorySession>();
  /** child -> id -> task */
  readonly claims = new Map<string, Map<string, Held>>();
  /** digest of a key -> the task that has it */
  readonly unique = new Map<string, Held>();
  /** id -> when, the oldest first */
  readonly cancelled = new Map<string, number>();
  readonly catalog = new Map<string, CatalogEntry>();
  readonly tokens: MemoryTokens;
  readonly queues = new Map<string, MemoryQueue>();
  staleAcks = 0;

  /** @param queueNames all queues of the app */
  constructor(
    readonly clock: Time,
    readonly queueNames: readonly string[],
  ) {
    this.tokens = new MemoryTokens(clock);
  }

  get now(): number {
    return this.clock.now();
  }

  /** Queues exist as soon as somebody names them. */
  queue(name: string): MemoryQueue {
    const queue = this.queues.get(name) ?? new MemoryQueue(name);
    this.queues.set(name, queue);
    return queue;
  }

  heldBy(child: string): Map<string, Held> {
    const held = this.claims.get(child) ?? new Map<string, Held>();
    this.claims.set(child, held);
    return held;
  }

  /** Forgets all tasks, wherever they are; sessions, catalog and crons stay. */
  clear(): void {
    for (const kept of [this.queues, this.unique, this.cancelled]) kept.clear();
    for (const held of this.claims.values()) held.clear();
  }

  append(name: string, message: string): void {
    this.queue(name).append(message);
    this.tokens.ring(name);
  }

  /** Puts messages on the schedule, and wakes whoever sleeps until a later time than theirs. */
  schedule(name: string, due: number, messages: readonly string[]): void {
    const { scheduled } = this.queue(name);
    const isFirst = scheduled[0] === undefined || due < scheduled[0].due;
    for (const message of messages) this.queue(name).schedule(due, message);
    if (isFirst) this.tokens.ring(ALARM);
  }

  /** Back to the head of where they came from, the oldest first. Those that were cancelled end here. */
  putBack(tasks: readonly Held[]): void {
    const byAge = [...tasks].sort((a, b) => (ageOf(a.message) > ageOf(b.message) ? -1 : 1));
    for (const { queue, message } of byAge) {
      if (this.endIfCancelled(message)) continue;
      this.queue(queue).putBack(message);
      this.tokens.ring(queue);
    }
  }

  /** Lets a task run again, now at the tail of its queue or later, and notes the attempt in its history. */
  tryAgain({ queue, message }: Held, { inMs, line, counts }: NextAttempt): void {
    const due = this.now + inMs;
    const again = withTime(remembered(counts ? withFailure(message) : message, line), due);
    this.updateKey(queue, again);
    if (inMs > 0) this.schedule(queue, due, [again]);
    else this.append(queue, again);
  }

  bury({ queue, message }: Held, report: string): void {
    this.freeKey(message);
    this.queue(queue).dead.set(idOf(message), { diedAt: this.now, record: `${report}\n${message}` });
  }

  /** Keeps what is no task of a queue that its worker serves, behind an id made up for it. */
  buryStray(queue: string, { queue: its, message }: Held): void {
    const held = `${its} ${message}`;
    const id = `undecodable${createHash('sha1')
      .update(`${idOf(message)} ${held}`)
      .digest('hex')
      .slice(0, 9)}`;
    this.freeKey(message);
    this.queue(queue).dead.set(id, { diedAt: this.now, record: `${STRAY}\n${id}?${held}` });
  }

  /** Lets the next task with the key of this message in. */
  freeKey(message: string): void {
    const digest = this.digestHeld(message);
    if (digest !== undefined) this.unique.delete(digest);
  }

  /** Whoever replaces a task has to find it as it lies there. */
  updateKey(queue: string, message: string): void {
    const digest = this.digestHeld(message);
    if (digest !== undefined) this.unique.set(digest, { queue, message });
  }

  rememberCancelled(id: string): void {
    this.cancelled.delete(id);
    this.cancelled.set(id, this.now);
    for (const [other, at] of this.cancelled) {
      if (at > this.now - CANCELLED_MS && this.cancelled.size <= MOST_CANCELLED) break;
      this.cancelled.delete(other);
    }
  }

  /** Whether the task was cancelled while it was active: then it must not run again, and its key is free. */
  endIfCancelled(message: string): boolean {
    if (!this.cancelled.has(idOf(message))) return false;
    this.freeKey(message);
    return true;
  }

  /** The digest of the key of this message, unless another task has taken the key over. */
  private digestHeld(message: string): string | undefined {
    const digest = keyOf(message)?.digest;
    const holder = digest === undefined ? undefined : this.unique.get(digest);
    return holder && idOf(holder.message) === idOf(message) ? digest : undefined;
  }
}
