export type { Span } from '../../http/span.js';

/** Numbers of points, one behind the other; null where nobody knows. */
export type Line = readonly (number | null)[];

/** The counts of a namespace over time. The point that has only begun is left out. */
export interface History {
  /** the beginning of the first point, in ms since 1970 by the clock of Redis */
  readonly first: number;
  /** how many minutes each point stands for */
  readonly minutes: number;
  /** tasks that came in, in a minute */
  readonly in: Line;
  /** tasks that ended, in a minute */
  readonly out: Line;
  /** tasks that died */
  readonly dead: Line;
  /** how long half of the attempts ran at most, in ms */
  readonly run50: Line;
  /** how long 99 % of the attempts ran at most, in ms */
  readonly run99: Line;
  /** how long 99 % of the tasks waited at most, in ms */
  readonly wait99: Line;
  /** those with most tasks, by name */
  readonly queues: readonly QueueHistory[];
}

/** The flow of one queue. */
export interface QueueHistory {
  readonly queue: string;
  /** waiting and scheduled tasks */
  readonly depth: Line;
  /** tasks that came in, in a minute */
  readonly in: Line;
  /** tasks that ended, in a minute */
  readonly out: Line;
}
