import type { LimitOverrideRecord } from './limit-rules-port.js';

/** What a limit allows now, as it was declared or set. */
export interface LimitState {
  /** 27 characters: 6 for its name, 21 for the key */
  readonly limit: string;
  /** its name; undefined for a limit that no app declares any more: its tasks go on */
  readonly name: string | undefined;
  /** the queue whose limit it is; undefined for one of a task */
  readonly queue: string | undefined;
  /** its key in clear; undefined for a limit without keys, and while Redis does not know it */
  readonly key: string | undefined;
  /** tasks that hold it */
  readonly used: number;
  /** tasks that may hold it; undefined for any number */
  readonly most: number | undefined;
  /** us between two starts; undefined for none */
  readonly intervalUs: number | undefined;
  /** starts at once after a pause, where there is an interval */
  readonly burst: number;
  /** when it opens by itself, if time alone keeps it shut: ms since 1970, by the clock of Redis */
  readonly opensAt: number | undefined;
  /** whether a task has stopped this key until then */
  readonly isStopped: boolean;
  /** what somebody has set that lets nothing start: a concurrency of 0 */
  readonly closed: Pick<LimitOverrideRecord, 'since' | 'until' | 'by'> | undefined;
  /** whether it keeps the next task from starting */
  readonly isShut: boolean;
}

/** What a pending task waits for. */
export interface LineState {
  /** its limits, then that of its queue; empty for most tasks */
  readonly limits: readonly LimitState[];
  /** lines of its queue that come before its own: of tenants whose turn is before, of older tasks, or that wait longer for the same limit */
  readonly linesAhead: number;
  /** 0 to 9 */
  readonly priority: number;
  /** by how many ms that makes it older */
  readonly olderMs: number;
  /** whether it shares its turns with other tenants */
  readonly hasTenant: boolean;
}

/** Limits, and the lines that wait for them. */
export interface LimitPort {
  /** Reads what a pending task of a queue waits for. Takes the message as it lies in Redis. */
  lineOf(queue: string, message: string): Promise<LineState>;
}
