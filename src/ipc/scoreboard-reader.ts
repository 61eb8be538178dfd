import { closeSync, readSync } from 'node:fs';
import { TASK_ID_LENGTH } from '../message/task-id.js';
import { openScoreboardFile } from './scoreboard-file.js';
import {
  AFTERWARDS_AT,
  ATTEMPT_AT,
  DEADLINE_AT,
  DONE,
  DONE_AT,
  ENTRY_BYTES,
  FREE,
  type HardLimit,
  HEADER_BYTES,
  NAME_AT,
  SINCE_AT,
  STARTED,
  STATE_AT,
} from './scoreboard-layout.js';
import { readUncaughtError, type UncaughtError } from './uncaught-error.js';

/** A task whose handler is under way, and by when it has to end. */
export interface LimitedTask extends HardLimit {
  readonly id: string;
}

/** Until when a child may start what it has claimed. */
export interface StartWindow {
  /** by `monotonicMs`; infinite when nothing waits for its start */
  readonly untilMs: number;
  /** of the last claim that was sent */
  readonly claimNumber: number;
}

/** The scoreboard of a child at one moment. */
export interface Score {
  /** ids of tasks whose handler is under way, or has thrown and Redis may not know it yet */
  readonly running: readonly string[];
  /** ids of tasks that succeeded of late; their acks may be on the way */
  readonly done: readonly string[];
  /** both of these */
  readonly started: ReadonlySet<string>;
  /** those under way that have a hard timeout */
  readonly limited: readonly LimitedTask[];
}

/** A task whose handler is under way, for people to see. */
export interface ActiveEntry {
  readonly id: string;
  /** by `monotonicMs` */
  readonly sinceMs: number;
  /** place of its name in the catalog; beyond its end when that has no such name */
  readonly name: number;
}

/** The work of a child at one moment, for people to see. */
export interface Work {
  /** the tasks that are under way, the longest first */
  readonly active: readonly ActiveEntry[];
  /** how many it has done since the scoreboard was made */
  readonly done: number;
}

/** The reader of a child's scoreboard. */
export type Scoreboard = Pick<ScoreboardReader, 'read' | 'work' | 'window' | 'uncaughtError' | 'close'>;

/** For a child that was never forked. */
export const BLANK_SCOREBOARD: Scoreboard = {
  read: () => ({ running: [], done: [], started: new Set(), limited: [] }),
  work: () => ({ active: [], done: 0 }),
  window: () => ({ untilMs: Number.POSITIVE_INFINITY, claimNumber: 0 }),
  uncaughtError: () => undefined,
  close: () => {},
};

/** The supervisor's side: reads the scoreboard. */
export class ScoreboardReader {
  /** for the child to inherit as `SCOREBOARD_FD` */
  readonly fd: number;
  private readonly bytes: Buffer;
  private closed = false;

  /** @throws NestworkError NO_SCOREBOARD when its file cannot be made */
  constructor(capacity: number) {
    this.bytes = Buffer.alloc(HEADER_BYTES + capacity * ENTRY_BYTES);
    this.bytes.writeDoubleLE(Number.POSITIVE_INFINITY, 0);
    this.fd = openScoreboardFile(this.bytes);
  }

  read(): Score {
    this.assertOpen();
    readSync(this.fd, this.bytes, 0, this.bytes.length, 0);
    const running: string[] = [];
    const done: string[] = [];
    const started = new Set<string>();
    const limited: LimitedTask[] = [];
    for (let at = HEADER_BYTES; at < this.bytes.length; at += ENTRY_BYTES) {
      const state = this.bytes.readUInt8(at + STATE_AT);
      if (state === FREE) continue;
      const id = this.bytes.toString('latin1', at, at + TASK_ID_LENGTH);
      started.add(id);
      if (state === DONE) done.push(id);
      else running.push(id);
      const deadlineMs = this.bytes.readDoubleLE(at + DEADLINE_AT);
      if (state === STARTED && deadlineMs < Number.POSITIVE_INFINITY)
        limited.push({
          id,
          deadlineMs,
          afterwards: this.bytes.readDoubleLE(at + AFTERWARDS_AT),
          attempt: this.bytes.readUInt16LE(at + ATTEMPT_AT),
        });
    }
    return { running, done, started, limited };
  }

  work(): Work {
    this.assertOpen();
    readSync(this.fd, this.bytes, 0, this.bytes.length, 0);
    const active: ActiveEntry[] = [];
    let done = 0;
    for (let at = HEADER_BYTES; at < this.bytes.length; at += ENTRY_BYTES) {
      done = Math.max(done, this.bytes.readUInt32LE(at + DONE_AT));
      if (this.bytes.readUInt8(at + STATE_AT) !== STARTED) continue;
      const id = this.bytes.toString('latin1', at, at + TASK_ID_LENGTH);
      const sinceMs = this.bytes.readDoubleLE(at + SINCE_AT);
      active.push({ id, sinceMs, name: this.bytes.readUInt16LE(at + NAME_AT) });
    }
    return { active: active.sort((a, b) => a.sinceMs - b.sinceMs), done };
  }

  /** The header alone: cheap enough to be read often. */
  window(): StartWindow {
    this.assertOpen();
    readSync(this.fd, this.bytes, 0, HEADER_BYTES, 0);
    return { untilMs: this.bytes.readDoubleLE(0), claimNumber: this.bytes.readDoubleLE(8) };
  }

  /** The uncaught error of which the child dies, if it does. */
  uncaughtError(): UncaughtError | undefined {
    this.assertOpen();
    return readUncaughtError(this.fd, this.bytes.length);
  }

  close(): void {
    this.closed = true;
    closeSync(this.fd);
  }

  /** The descriptor of a closed file may be another file's by now. */
  private assertOpen(): void {
    if (this.closed) throw new Error('The scoreboard is closed: its child has ended.');
  }
}
