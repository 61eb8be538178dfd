import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TASK_ID_LENGTH } from '../task/task-id.js';

/**
 * A file in memory where a child notes what it does, so that its supervisor knows even when the child blocks or is dead.
 *
 * Header (16 bytes): when the last claim was answered in ms of the machine's monotonic clock (float64; infinite while
 * the answer is due) and its number (float64). Then one entry per task that was started since: its id, its state, when its
 * process is to be ended (float64, infinite for never), what becomes of it then (float64: ms until the next attempt, or
 * negative) and which attempt it is (16 bits). An entry is used again only after Redis confirmed the end of its task, so a held task without one was not
 * started.
 */
const HEADER_BYTES = 16;
const STATE_AT = TASK_ID_LENGTH;
const DEADLINE_AT = STATE_AT + 1;
const AFTERWARDS_AT = DEADLINE_AT + 8;
const ATTEMPT_AT = AFTERWARDS_AT + 8;
const ENTRY_BYTES = ATTEMPT_AT + 2;
/** The descriptor under which a child inherits its scoreboard, behind the standard ones and the IPC channel. */
export const SCOREBOARD_FD = 4;
/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
const FREE = 0;
const STARTED = 1;
const FAILED = 2;
const DONE = 3;

/** How long after the answer to a claim its tasks may be started, in ms. Later, the child has to claim them anew. */
export const START_WINDOW_MS = 100;
/** How long after that answer another process may be sure that nothing more of it is started, in ms. */
export const SURELY_UNSTARTED_MS = 150;

/** The hard timeout of an attempt, and what becomes of its task then: nobody can ask the child any more. */
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
/** Instead of a time until the next attempt: there is none, and nobody wants to know. */
export const DROPS = -2;

/** Instead of a time until the next attempt: it was cancelled, and Redis knows whether it still is. */
export const CANCELLED = -3;

const NO_LIMIT: HardLimit = { deadlineMs: Number.POSITIVE_INFINITY, afterwards: DIES };

/** Milliseconds of a clock that all processes of the machine share and nobody can set. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The child's side: one small write per note, about a microsecond each. */
export class ScoreboardWriter {
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private readonly entry = Buffer.alloc(ENTRY_BYTES);
  private readonly free: number[];
  private readonly used = new Map<string, number>();
  private readonly blamable = new Set<string>();

  /** @param capacity how many tasks the child may hold at once */
  constructor(
    capacity: number,
    private readonly fd = SCOREBOARD_FD,
  ) {
    this.free = Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
  }

  /** Before a claim is sent. */
  claiming(number: number): void {
    this.header.writeDoubleLE(Number.POSITIVE_INFINITY, 0);
    this.header.writeDoubleLE(number, 8);
    writeSync(this.fd, this.header, 0, HEADER_BYTES, 0);
  }

  /** The answer is here: the window for starting what it brought opens now. Returns the time noted. */
  claimed(): number {
    const now = monotonicMs();
    this.header.writeDoubleLE(now, 0);
    writeSync(this.fd, this.header, 0, 8, 0);
    return now;
  }

  /** Before a task is started; undone by `withdrawn` if the child then sees that the window has closed. */
  started(id: string, { deadlineMs, afterwards, attempt = 0 }: HardLimit = NO_LIMIT): void {
    const index = this.free.pop();
    if (index === undefined) throw new Error('The scoreboard is full: more tasks were started than can be held.');
    this.used.set(id, index);
    this.entry.write(id, 0, 'latin1');
    this.entry.writeUInt8(STARTED, STATE_AT);
    this.entry.writeDoubleLE(deadlineMs, DEADLINE_AT);
    this.entry.writeDoubleLE(afterwards, AFTERWARDS_AT);
    this.entry.writeUInt16LE(attempt, ATTEMPT_AT);
    writeSync(this.fd, this.entry, 0, ENTRY_BYTES, HEADER_BYTES + index * ENTRY_BYTES);
  }

  /** The handler has returned: should the process die before the ack is out, the task need not run again. */
  done(id: string): void {
    this.mark(id, DONE);
  }

  /** The handler has thrown. Should the process die now, the task is to blame: it would run again, and again. */
  failed(id: string): void {
    this.mark(id, FAILED);
    this.blamable.add(id);
  }

  /** Redis no longer counts the task among those of this child. */
  confirmed(id: string): void {
    const index = this.used.get(id);
    if (index === undefined) return;
    // what Redis knows to have failed must not be blamed for a later death
    if (this.blamable.delete(id)) this.mark(id, FREE);
    this.used.delete(id);
    this.free.push(index);
  }

  /** The task was not started after all. */
  withdrawn(id: string): void {
    this.mark(id, FREE);
    this.confirmed(id);
  }

  private mark(id: string, state: number): void {
    const index = this.used.get(id);
    if (index === undefined) return;
    this.entry.writeUInt8(state, 0);
    writeSync(this.fd, this.entry, 0, 1, HEADER_BYTES + index * ENTRY_BYTES + STATE_AT);
  }
}

/** A task whose handler is under way, and by when it has to end. */
export interface LimitedTask extends HardLimit {
  readonly id: string;
}

/** What a child had noted at one moment. */
export interface Score {
  readonly claimedAtMs: number;
  readonly claimNumber: number;
  /** ids of tasks whose handler is under way, or has thrown and Redis may not know it yet */
  readonly running: readonly string[];
  /** ids of tasks that succeeded of late; their acks may be on the way */
  readonly done: readonly string[];
  /** both of these */
  readonly started: ReadonlySet<string>;
  /** those under way that have a hard timeout */
  readonly limited: readonly LimitedTask[];
}

/** The supervisor's side: reads what the child noted. */
export class ScoreboardReader {
  /** for the child to inherit as `SCOREBOARD_FD` */
  readonly fd: number;
  private readonly bytes: Buffer;
  private closed = false;

  /** Makes the file. It has no name, so nothing is left of it when both processes are gone, however they end. */
  constructor(capacity: number) {
    const path = join(existsSync(MEMORY) ? MEMORY : tmpdir(), `nestwork-${randomUUID()}`);
    this.fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    this.bytes = Buffer.alloc(HEADER_BYTES + capacity * ENTRY_BYTES);
    writeSync(this.fd, this.bytes, 0, this.bytes.length, 0);
  }

  read(): Score {
    // the descriptor of a closed file may be another file's by now
    if (this.closed) throw new Error('The scoreboard is closed: its child has ended.');
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
    return {
      claimedAtMs: this.bytes.readDoubleLE(0),
      claimNumber: this.bytes.readDoubleLE(8),
      running,
      done,
      started,
      limited,
    };
  }

  close(): void {
    this.closed = true;
    closeSync(this.fd);
  }
}
