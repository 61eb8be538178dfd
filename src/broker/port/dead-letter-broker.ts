import type { MessageEdit } from '../../message/edited-message.js';
import type { Claimant } from './broker.js';

/** Times of death to look at, in ms since 1970 by the clock of Redis; both ends belong to it, and a missing one is open. */
export interface DeadRange {
  readonly since?: number;
  readonly until?: number;
}

/**
 * One death of one task. A task that runs again may die again, and a command for the former death must not touch the
 * later one: a command that Redis answers twice would.
 */
export interface Death {
  readonly id: string;
  /** in ms since 1970, by the clock of Redis */
  readonly diedAt: number;
}

/** A dead task as it lies in Redis. */
export interface DeadEntry extends Death {
  readonly queue: string;
  /** report (one line of JSON), newline, message with its history; bytes, because a message may be none of ours */
  readonly record: Buffer;
  /** the notes of the task, if it has some; only `find` reads them */
  readonly notes?: string | undefined;
}

/** Which dead tasks of a queue to read. */
export interface DeadQuery {
  readonly range: DeadRange;
  /** which deaths come first; those of one instant are ordered by id */
  readonly order: 'oldest' | 'newest';
  /** goes on behind this death, whether or not it is still there */
  readonly after?: Death;
  /** how many at most; fewer when their records are large */
  readonly limit: number;
}

export interface DeadBatch {
  readonly entries: readonly DeadEntry[];
  readonly more: boolean;
  /** one that was passed over: another program wrote it, and it is no dead task */
  readonly foreign?: string;
}

/** The result of a redrive of one dead task; `refused`: its message has no header that could be reset. */
export type Redrive = 'redriven' | 'not-found' | 'refused';

/** What to keep of the dead of a queue; neither: all. */
export interface DeadLimits {
  /** for how long, in ms */
  readonly retentionMs?: number;
  /** how many, the youngest */
  readonly most?: number;
}

/** The dead tasks of the queues: to read them, to let them run again, to remove them. */
export interface DeadLetterBroker {
  /** The time of Redis, in ms since 1970. */
  now(): Promise<number>;
  read(queue: string, query: DeadQuery): Promise<DeadBatch>;
  /** How many tasks died in each of the queues. */
  counts(queues: readonly string[], range: DeadRange): Promise<number[]>;
  find(queue: string, id: string): Promise<DeadEntry | undefined>;
  /** Moves dead tasks to the tail of their queue, at most 500. Resolves to what became of each. */
  redrive(queue: string, deaths: readonly Death[]): Promise<Redrive[]>;
  /** Moves one dead task to the tail of its queue, with other arguments. */
  redriveEdited(queue: string, death: Death, edit: MessageEdit): Promise<Redrive>;
  /** Removes dead tasks, at most 500. Resolves to how many there were. */
  remove(queue: string, deaths: readonly Death[]): Promise<number>;
}

/** The calls of a child whose app has an `onTaskDead` hook. */
export interface DeathReportBroker {
  /**
   * Takes deaths of the queues that no child has taken yet, oldest first; of the first call for a queue none.
   *
   * @param number of this call among those of the child; the same one again gets the same answer
   */
  takeDeaths(
    claimant: Pick<Claimant, 'child' | 'queues'>,
    number: number,
  ): Promise<(Death & Pick<DeadEntry, 'queue'>)[]>;
  find(queue: string, id: string): Promise<DeadEntry | undefined>;
}

/** What a janitor needs. */
export interface DeadPurgeBroker {
  /** Removes those that are not to be kept, the oldest first, at most `batch`. Resolves to how many. */
  purge(queue: string, limits: DeadLimits, batch: number): Promise<number>;
}
