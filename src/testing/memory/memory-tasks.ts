import { SEEN_SECONDS } from '../../broker/enqueue.js';
import type { ClaimedTask, TaskPlace } from '../../broker/port/broker.js';
import { type LinePlace, placeInLine } from '../../message/line-place.js';
import { enqueuedAtOf, idOf } from '../../message/task-message.js';
import type { Clock } from '../../values/clock.js';
import { MemoryLines } from './memory-lines.js';
import { keyOf, withTime } from './message-edits.js';
import type { LinedTask, LineHead } from './queue-lines.js';

/** For how long it is known that a task was cancelled. */
const CANCELLED_MS = 86_400_000;

type MemoryState = Exclude<TaskPlace['state'], 'unknown'>;

/** A task that has not succeeded. */
export interface MemoryTask {
  readonly id: string;
  readonly queue: string;
  message: string;
  /** where it waits while it is pending; undefined for a task with neither limits nor a tenant nor a priority */
  readonly line: LinePlace | undefined;
  /** limits whose slots it holds */
  slots: readonly string[];
  /** rises with each task that comes into a queue */
  arrival: number;
  state: MemoryState;
  /** when it came into its state, or is due */
  at: number;
  /** while it runs, also if it is cancelled meanwhile */
  claim?: ClaimedTask | undefined;
  /** of a dead one, a line of JSON */
  report?: string;
}

type TaskInLine = MemoryTask & LinedTask;

/**
 * All tasks of a broker in memory, by id and by place, with the steps that its transitions share. One process has one thread,
 * so each transition is atomic by itself.
 */
export class MemoryTasks {
  readonly lines: MemoryLines<TaskInLine>;
  /** digest of a key -> the task that has it */
  private readonly keys = new Map<string, MemoryTask>();
  private readonly tasks = new Map<string, MemoryTask>();
  private readonly places = new Map<string, Set<MemoryTask>>();
  /** id -> until when it is recognised */
  private readonly seen = new Map<string, number>();
  private arrivals = 0;

  constructor(private readonly clock: Clock) {
    this.lines = new MemoryLines(clock);
  }

  get now(): number {
    return this.clock();
  }

  get(id: string): MemoryTask | undefined {
    return this.tasks.get(id);
  }

  /** The tasks of a queue in one state, in the order in which they came there; of the pending ones those that wait in no line. */
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

  /** The running tasks, by their ids, that hold the limit for which a pending task waits. */
  holdersFor(id: string): string[] {
    const task = this.get(id);
    const shut = task?.state === 'pending' ? this.lines.shut(task) : undefined;
    if (!shut) return [];
    const holders = [...this.tasks.values()].filter(({ claim, slots }) => claim && slots.includes(shut.limit));
    return holders.map((one) => one.id);
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
    const state = due === undefined ? 'pending' : 'scheduled';
    const line = placeInLine(message);
    const task: MemoryTask = {
      id: idOf(message),
      queue,
      message,
      line,
      slots: [],
      arrival: 0,
      state,
      at: due ?? this.now,
    };
    this.tasks.set(task.id, task);
    this.enter(task);
    const key = keyOf(message);
    if (key) this.keys.set(key.digest, task);
    return true;
  }

  move(task: MemoryTask, state: MemoryState, at = this.now): void {
    this.leave(task, state === 'active');
    Object.assign(task, { state, at });
    this.enter(task);
  }

  remove(task: MemoryTask): void {
    this.leave(task, false);
    this.lines.release(task);
    this.tasks.delete(task.id);
  }

  /**
   * The task of a queue that starts next. The oldest is the next, be it in a line or in none; every second turn is one of the tenants.
   *
   * @param turn counts up
   */
  next(queue: string, turn: number): MemoryTask | undefined {
    const [plain] = this.in(queue, 'pending');
    const lines = this.lines.of(queue);
    if (this.lines.shutQueue(queue) || (!plain && lines.size === 0)) return undefined;
    const tenant = lines.next('tenants');
    const oldest = lines.next('aged');
    if (tenant && (turn % 2 === 0 || (!oldest && !plain))) return tenant.task;
    return plain && (!oldest || isBefore(plain, oldest)) ? plain : oldest?.task;
  }

  /** The task that has waited longest of those that are next. One that a limit holds back is not next. */
  headOf(queue: string): MemoryTask | undefined {
    if (this.lines.shutQueue(queue)) return undefined;
    const lines = this.lines.of(queue);
    const [plain] = this.in(queue, 'pending');
    const heads = [plain, lines.next('tenants')?.task, lines.next('aged')?.task].filter((task) => task !== undefined);
    return heads.sort((a, b) => enqueuedAtOf(a.message) - enqueuedAtOf(b.message))[0];
  }

  /** How many pending tasks a limit holds back: one of their own, or that of the queue. */
  heldBack(queue: string): number {
    const lines = this.lines.of(queue);
    return this.lines.shutQueue(queue) ? this.in(queue, 'pending').size + lines.size : lines.heldBack();
  }

  /** How many pending tasks come before this one: of one in a line those of its line. */
  ahead(task: MemoryTask): number {
    if (waitsInLine(task)) return this.lines.of(task.queue).ahead(task);
    return [...this.in(task.queue, 'pending')].indexOf(task);
  }

  /** Whether a limit holds a pending task back. In a line, the first task speaks for all. */
  isHeldBack({ queue, line }: MemoryTask): boolean {
    return Boolean(this.lines.shutQueue(queue) ?? (line && this.lines.of(queue).shutOf(line.name)));
  }

  /** When time alone lets a task of one of these queues start that a limit holds back, in ms since 1970. */
  nextOpening(queues: readonly string[]): number | undefined {
    // mostly no line need be looked at
    if (!this.lines.limits.mayOpen) return undefined;
    const times = queues.flatMap((queue) => {
      const hasWork = this.in(queue, 'pending').size + this.lines.of(queue).size > 0;
      const opensAt = hasWork ? this.lines.shutQueue(queue)?.opensAt : undefined;
      return [opensAt ?? [], this.lines.of(queue).nextOpening() ?? []].flat();
    });
    return times.length > 0 ? Math.min(...times) : undefined;
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
    if (!task.claim) {
      this.freeKey(task);
      this.lines.release(task);
    }
    this.move(task, 'cancelled');
    return place;
  }

  /** Forgets all tasks, in every state. */
  clear(): void {
    for (const kept of [this.keys, this.tasks, this.places, this.seen, this.lines]) kept.clear();
  }

  private enter(task: MemoryTask): void {
    this.arrivals += 1;
    task.arrival = this.arrivals;
    if (!waitsInLine(task)) {
      this.in(task.queue, task.state).add(task);
      return;
    }
    // a clock that is ahead must not put a task last
    if (enqueuedAtOf(task.message) > this.now) task.message = withTime(task.message, this.now);
    this.lines.of(task.queue).add(task);
  }

  private leave(task: MemoryTask, starts: boolean): void {
    if (waitsInLine(task)) this.lines.of(task.queue).remove(task, starts);
    else this.in(task.queue, task.state).delete(task);
  }
}

/** Whether a task in no line comes before the first one of a line. The clock of a test stands still, so both may have one time. */
function isBefore(plain: MemoryTask, { task, turn }: LineHead<TaskInLine>): boolean {
  const byTime = enqueuedAtOf(plain.message) - turn;
  return byTime < 0 || (byTime === 0 && plain.arrival < task.arrival);
}

/** Whether it is pending in a line. */
function waitsInLine(task: MemoryTask): task is TaskInLine {
  return task.state === 'pending' && task.line !== undefined;
}
