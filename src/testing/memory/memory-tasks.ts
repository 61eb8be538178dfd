import { SEEN_SECONDS } from '../../broker/enqueue.js';
import type { ClaimedTask, TaskPlace } from '../../broker/port/broker.js';
import { idOf } from '../../message/task-message.js';
import type { Clock } from '../../values/clock.js';
import { keyOf } from './message-edits.js';

/** For how long it is known that a task was cancelled. */
const CANCELLED_MS = 86_400_000;

type MemoryState = Exclude<TaskPlace['state'], 'unknown'>;

/** A task that has not succeeded. */
export interface MemoryTask {
  readonly id: string;
  readonly queue: string;
  message: string;
  state: MemoryState;
  /** when it came into its state, or is due */
  at: number;
  /** while it runs, also if it is cancelled meanwhile */
  claim?: ClaimedTask | undefined;
  /** of a dead one, a line of JSON */
  report?: string;
}

/**
 * All tasks of a broker in memory, by id and by place, with the steps that its transitions share. One process has one thread,
 * so each transition is atomic by itself.
 */
export class MemoryTasks {
  /** digest of a key -> the task that has it */
  private readonly keys = new Map<string, MemoryTask>();
  private readonly tasks = new Map<string, MemoryTask>();
  private readonly places = new Map<string, Set<MemoryTask>>();
  /** id -> until when it is recognised */
  private readonly seen = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  get now(): number {
    return this.clock();
  }

  get(id: string): MemoryTask | undefined {
    return this.tasks.get(id);
  }

  /** The tasks of a queue in one state, in the order in which they came there. */
  in(queue: string, state: MemoryState): Set<MemoryTask> {
    const place = `${state} ${queue}`;
    const found = this.places.get(place) ?? new Set();
    this.places.set(place, found);
    return found;
  }

  /** The scheduled tasks of these queues, the first to be due first; those of one instant by their ids. */
  scheduled(queues: readonly string[]): MemoryTask[] {
    const all = queues.flatMap((queue) => [...this.in(queue, 'scheduled')]);
    return all.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  isKnown(message: string): boolean {
    const id = idOf(message);
    return this.tasks.has(id) || (this.seen.get(id) ?? 0) > this.now;
  }

  /** Lets each message in once. */
  letIn(message: string): boolean {
    const known = this.isKnown(message);
    this.seen.set(idOf(message), this.now + SEEN_SECONDS * 1_000);
    return !known;
  }

  /**
   * (nowhere) -> pending or scheduled. The task has its key then.
   *
   * @param due undefined for a task that is pending at once
   * @returns whether it is new
   */
  add(queue: string, message: string, due?: number): boolean {
    if (!this.letIn(message)) return false;
    const task: MemoryTask = { id: idOf(message), queue, message, state: 'pending', at: this.now };
    this.tasks.set(task.id, task);
    this.move(task, due === undefined ? 'pending' : 'scheduled', due);
    const key = keyOf(message);
    if (key) this.keys.set(key.digest, task);
    return true;
  }

  move(task: MemoryTask, state: MemoryState, at = this.now): void {
    this.in(task.queue, task.state).delete(task);
    Object.assign(task, { state, at });
    this.in(task.queue, state).add(task);
  }

  remove(task: MemoryTask): void {
    this.in(task.queue, task.state).delete(task);
    this.tasks.delete(task.id);
  }

  /** The task that has the key of this message. */
  holderOf(message: string): MemoryTask | undefined {
    return this.withKey(keyOf(message)?.digest ?? '');
  }

  /** The task that has the key with this digest. */
  withKey(digest: string): MemoryTask | undefined {
    return this.keys.get(digest);
  }

  /** Gives the task its key, unless another one has it. */
  takeKey(task: MemoryTask): void {
    const key = keyOf(task.message);
    if (key && !this.keys.has(key.digest)) this.keys.set(key.digest, task);
  }

  /** Lets the next task with the same key in, unless another one has taken the key over. */
  freeKey(task: MemoryTask): void {
    if (this.holderOf(task.message) === task) this.keys.delete(keyOf(task.message)?.digest ?? '');
  }

  locate(id: string): TaskPlace {
    const task = this.get(id);
    const ended = task?.state === 'cancelled' && !task.claim;
    if (!task || (ended && task.at <= this.now - CANCELLED_MS)) return { state: 'unknown' };
    const { state, queue, message } = task;
    if (ended) return { state };
    return state === 'dead' ? { state, queue } : { state, queue, message };
  }

  /** @returns where it was found */
  cancel(id: string): TaskPlace {
    const place = this.locate(id);
    const task = this.get(id);
    if (!task || task.state === 'dead' || task.state === 'cancelled') return place;
    if (!task.claim) this.freeKey(task);
    this.move(task, 'cancelled');
    return place;
  }

  /** Forgets all tasks, in every state. */
  clear(): void {
    for (const kept of [this.keys, this.tasks, this.places, this.seen]) kept.clear();
  }
}
