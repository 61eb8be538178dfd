import { TASK_ID_LENGTH } from '../message/task-id.js';

/**
 * A file in memory where a child records its work, so that its supervisor can read it even when the child blocks or is
 * dead.
 *
 * Header (16 bytes): until when claimed tasks may be started, in ms of the machine's monotonic clock (float64; infinite
 * while none waits for its start), and the number of the last claim that was sent (float64). Then one entry per task that
 * was started: its id, its state, when its process is to be ended (float64, infinite for never), how the task goes on then
 * (float64: ms until the next attempt, or negative), which attempt it is (16 bits), when it was started (float64), the
 * place of its name in the catalog of the app (16 bits), and how many tasks the child had done when the last task of this
 * entry was (32 bits): the greatest of these numbers is how many it has done. An entry is used again only after Redis
 * confirmed the end of its task, so a held task without one was not started. Behind the entries: the uncaught error
 * of the child, if it had one.
 */
export const HEADER_BYTES = 16;
export const STATE_AT = TASK_ID_LENGTH;
/** Beside the state, so that both are one short write. */
export const DONE_AT = STATE_AT + 1;
export const DEADLINE_AT = DONE_AT + 4;
export const AFTERWARDS_AT = DEADLINE_AT + 8;
export const ATTEMPT_AT = AFTERWARDS_AT + 8;
export const SINCE_AT = ATTEMPT_AT + 2;
export const NAME_AT = SINCE_AT + 8;
export const ENTRY_BYTES = NAME_AT + 2;
/** Instead of the place of a name. */
export const NAMELESS = 0xffff;
/** The descriptor under which a child inherits its scoreboard, behind the standard ones and the IPC channel. */
export const SCOREBOARD_FD = 4;
export const FREE = 0;
export const STARTED = 1;
export const FAILED = 2;
export const DONE = 3;

/** The hard timeout of an attempt, and how its task goes on then: the child cannot be asked any more. */
export interface HardLimit {
  /** by `monotonicMs` */
  readonly deadlineMs: number;
  /** ms until the next attempt, or `DIES` or `DROPS` */
  readonly afterwards: number;
  /** which attempt it is; 0 when that is not known */
  readonly attempt?: number;
}

/** Instead of a time until the next attempt: there is none, and the task is dead. */
export const DIES = -1;
/** Instead of a time until the next attempt: there is none, and no record is kept. */
export const DROPS = -2;

/** Instead of a time until the next attempt: it was cancelled, and Redis knows whether it still is. */
export const CANCELLED = -3;

/** The places of the names of a catalog, as a child notes them. */
export function nameIndex(catalog: readonly { readonly name: string }[]): ReadonlyMap<string, number> {
  return new Map(catalog.slice(0, NAMELESS).map(({ name }, place) => [name, place]));
}
