/** Why a queue starts no task. Times are in ms since 1970, by the clock of Redis. */
export interface Pause {
  readonly since: number;
  /** undefined until it is resumed */
  readonly until: number | undefined;
  readonly by: string;
  readonly reason: string | undefined;
}

/** A pause, and the queue that it holds. */
export interface PausedQueue extends Pause {
  readonly queue: string;
}

/** How to pause a queue. */
export interface PauseRequest {
  /** in ms, from 1; undefined until it is resumed */
  readonly forMs: number | undefined;
  readonly by: string;
  readonly reason: string | undefined;
}

/** The pauses of queues, for all workers of the namespace. Any name will do for a queue. */
export interface PausePort {
  /** Pauses a queue. One that is paused gets the new end, `by` and `reason`; its `since` stays. Resolves to the pause. */
  pause(queue: string, request: PauseRequest): Promise<PausedQueue>;
  /** Ends a pause, and wakes a child if the queue holds tasks. Resolves to whether the queue was paused. */
  resume(queue: string): Promise<boolean>;
  /** All queues that are paused now. */
  pauses(): Promise<PausedQueue[]>;
}
