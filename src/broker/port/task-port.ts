import type { StateWord } from '../../task/task-states.js';
import type { Due, KeyHolder, TaskPlace } from './broker.js';

/** A state in which a task waits in a list or on a schedule; `held` is that of pending ones in the lines of limits, tenants and priorities. */
export type WaitingState = StateWord<'pending' | 'quarantined' | 'scheduled'> | 'held';

/** Where tasks of one queue wait. */
export interface WaitingPlace {
  readonly queue: string;
  readonly state: WaitingState;
}

/** The part of a place to read. Places are counted from the tail, where the newest task is, or the one that is due last; those of lines one line after the other. */
export interface WaitingQuery {
  /** `oldest` goes from the head to the tail */
  readonly order: 'oldest' | 'newest';
  /** from `oldest` on: how many from here to the tail; from `newest` on: how many at the tail to pass over */
  readonly at: number;
  /** tasks to return at most */
  readonly limit: number;
  /** tasks to look at at most */
  readonly look: number;
  /** only calls of this task; undefined for all */
  readonly task: string | undefined;
  /** only ids that begin so; undefined for all */
  readonly id: string | undefined;
  /** whole messages, and not only how they begin */
  readonly whole?: boolean;
}

export interface WaitingPage {
  /** how many were looked at */
  readonly looked: number;
  /** the `at` with which to go on */
  readonly next: number;
  /** how many lie behind that in this direction */
  readonly left: number;
  readonly tasks: readonly WaitingEntry[];
}

export interface WaitingEntry {
  /** the beginning of the message: header, tags and name; or all of it */
  readonly head: string;
  /** the same as it lies in Redis, if it is no call: it need not be text */
  readonly bytes?: Buffer;
  /** when it is due, in ms since 1970; only of a scheduled one */
  readonly dueAt: number | undefined;
  /** how many of the page were looked at up to this one, itself included */
  readonly looked: number;
  /** whether a limit keeps it from starting */
  readonly heldBack?: boolean;
}

/** A registered child, and the process of its supervisor. */
export interface ChildOfWorker {
  readonly child: string;
  readonly host: string;
  /** of the supervisor */
  readonly pid: number;
  /** until when its worker may hold tasks unless it renews that, in ms since 1970 */
  readonly leaseUntil: number;
}

/** The part to read of what a child holds. */
export interface HeldQuery {
  /** the id to go on behind; '' from the beginning */
  readonly after: string;
  readonly limit: number;
  /** whole messages, and not only how they begin */
  readonly whole?: boolean;
}

export interface HeldTask {
  readonly id: string;
  readonly queue: string;
  /** the beginning of the message, or all of it */
  readonly head: string;
}

/** One task as it was found, with what only its place shows. */
export interface FoundTask extends Omit<TaskPlace, 'state'> {
  readonly state:
    | StateWord<'waiting' | 'pending' | 'quarantined' | 'scheduled' | 'active' | 'dead' | 'cancelled'>
    | 'unknown';
  /** what lies there, if it is no call */
  readonly bytes?: Buffer;
  /** pending or quarantined tasks that come before it, at this moment; of one in a line those of its line */
  readonly ahead?: number;
  /** whether it waits in a line, because it has a limit, a tenant or a priority, and not in the list of its queue */
  readonly inLine?: boolean;
  /** whether a limit keeps it from starting */
  readonly heldBack?: boolean;
  /** of a scheduled one, in ms since 1970 */
  readonly dueAt?: number;
  /** the child that holds it */
  readonly child?: string;
  /** when it was cancelled, in ms since 1970 */
  readonly cancelledAt?: number;
}

/** Which pending tasks to purge. */
export interface PurgeQuery {
  readonly state: Exclude<WaitingState, 'scheduled'>;
  /** how many at the tail to pass over */
  readonly passed: number;
  /** only calls of this task; undefined for all */
  readonly task: string | undefined;
  /** only tasks that came into the queue before, in ms since 1970; undefined for all */
  readonly before: number | undefined;
  /** tasks to look at at most */
  readonly look: number;
}

export interface PurgeStep {
  readonly purged: number;
  /** how many were looked at, purged ones included */
  readonly looked: number;
  /** how many at the tail to pass over next time */
  readonly passed: number;
  /** how many lie behind them */
  readonly left: number;
}

/** All tasks that have not ended: each call looks at a bounded part of them. */
export interface TaskPort {
  /** Redis time, in ms since 1970. */
  now(): Promise<number>;
  /** How many tasks wait in each of these places. */
  sizes(places: readonly WaitingPlace[]): Promise<number[]>;
  page(place: WaitingPlace, query: WaitingQuery): Promise<WaitingPage>;
  /** The children of all sessions, by name. */
  children(): Promise<ChildOfWorker[]>;
  /** What a child holds, by id. */
  held(child: string, query: HeldQuery): Promise<{ readonly tasks: HeldTask[]; readonly more: boolean }>;
  /** The child that claims nothing until it can take a quarantined task. */
  drainer(): Promise<string | undefined>;
  /** Searches all of these queues, page by page. */
  find(id: string, queues: readonly string[]): Promise<FoundTask>;
  /** The task that has the key with this digest. It may have moved on since, or have ended. */
  holderOf(digest: string): Promise<KeyHolder | undefined>;
  /** Cancels a task of one of these queues. Resolves to where it was found. */
  cancel(id: string, queues: readonly string[]): Promise<TaskPlace>;
  /**
   * Cancels a task that waits in this place. Resolves to false when it does not any more.
   *
   * @param passed about how many stand behind it
   */
  cancelWaiting(place: WaitingPlace, message: string, passed: number): Promise<boolean>;
  /** Cancels an active task. Resolves to false when it was cancelled before, or the child does not hold it any more. */
  cancelHeld(child: string, id: string): Promise<boolean>;
  /** Removes those that match of a part of a queue. */
  purge(queue: string, query: PurgeQuery): Promise<PurgeStep>;
  /** Gives a scheduled task another time. Resolves to false when it is not scheduled any more. */
  reschedule(queue: string, message: string, due: Due): Promise<boolean>;
}
