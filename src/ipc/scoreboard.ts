import { closeSync, readSync, writeSync } from 'node:fs';
import { TASK_ID_LENGTH } from '../message/task-id.js';
import { openScoreboardFile } from './scoreboard-file.js';
import { readUncaughtError, type UncaughtError } from './uncaught-error.js';

/**
 * A file in memory where a child records its work, so that its supervisor can read it even when the child blocks or is
 * dead.
 *
 * Header (16 bytes): until when claimed tasks may be started, in ms of the machine's monotonic clock (float64; infinite
 * while none waits for its start), and the number of the last claim that was sent (float64). Then one entry per task that
 * was started: its id, its state, when its process is to be ended (float64, infinite for never), how the task goes on then
 * (float64: ms until the next attempt, or negative), which attempt it is (16 bits), when it was started (float64) and the
 * place of its name in the catalog of the app (16 bits). An entry is used again only after Redis confirmed the end of its
 * task, so a held task without one was not started. Behind the entries: the uncaught error
 * of the child, if it had one.
 */
const HEADER_BYTES = 16;
const STATE_AT = TASK_ID_LENGTH;
const DEADLINE_AT = STATE_AT + 1;
const AFTERWARDS_AT = DEADLINE_AT + 8;
const ATTEMPT_AT = AFTERWARDS_AT + 8;
const SINCE_AT = ATTEMPT_AT + 2;
const NAME_AT = SINCE_AT + 8;
const ENTRY_BYTES = NAME_AT + 2;
/** Instead of the place of a name. */
const NAMELESS = 0xffff;
/** The descriptor under which a child inherits its scoreboard, behind the standard ones and the IPC channel. */
export const SCOREBOARD_FD = 4;
const FREE = 0;
const STARTED = 1;
const FAILED = 2;
const DONE = 3;

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

const NO_LIMIT: HardLimit = { deadlineMs: Number.POSITIVE_INFINITY, afterwards: DIES };

/**
 * `performance.now()` counts from the start of the process, by the same clock. It takes the greatest of several
 * measurements: one that is interrupted in its middle comes out too small, and a child whose clock is behind would start
 * tasks that others already have.
 */
const PROCESS_START_MS = Math.max(
  ...Array.from({ length: 8 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
);

/** Milliseconds of a clock that all processes of the machine share and that cannot be set. */
export function monotonicMs(): number {
  return PROCESS_START_MS + performance.now();
}

/**
 * The child's side: small writes, about a microsecond each. Changes at the same instant, for example the end of a task and
 * the start of the next, are one write.
 */
export class ScoreboardWriter {
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private readonly entries: Buffer;
  private readonly free: number[];
  private readonly used = new Map<string, number>();
  private readonly blamable = new Set<string>();
  /** the entries that are not written yet: from here ... */
  private changedFrom = Number.POSITIVE_INFINITY;
  /** ... up to here */
  private changedTo = 0;

  /** @param capacity how many tasks the child may hold at once */
  constructor(
    readonly capacity: number,
    private readonly fd = SCOREBOARD_FD,
  ) {
    this.entries = Buffer.alloc(capacity * ENTRY_BYTES);
    this.free = Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
  }

  /** Before a claim is sent, and whenever the time changes until which claimed tasks may be started. */
  window(claimNumber: number, untilMs: number): void {
    this.header.writeDoubleLE(untilMs, 0);
    this.header.writeDoubleLE(claimNumber, 8);
    writeSync(this.fd, this.header, 0, HEADER_BYTES, 0);
  }

  /**
   * Before a task is started; undone by `withdrawn` if the child then sees that the window has closed.
   *
   * @param name the place of its name in the catalog, see `nameIndex`
   */
  started(id: string, name = NAMELESS): void {
    const index = this.free.pop();
    if (index === undefined) throw new Error('The scoreboard is full: more tasks were started than can be held.');
    this.used.set(id, index);
    const at = index * ENTRY_BYTES;
    this.entries.write(id, at, 'latin1');
    this.entries[at + STATE_AT] = STARTED;
    this.entries.writeDoubleLE(monotonicMs(), at + SINCE_AT);
    this.entries.writeUInt16LE(name, at + NAME_AT);
    this.writeLimit(at, NO_LIMIT);
  }

  /** When a task that was started has to end. */
  limited(id: string, limit: HardLimit): void {
    const index = this.used.get(id);
    if (index !== undefined) this.writeLimit(index * ENTRY_BYTES, limit);
  }

  /**
   * The handler has returned: if the process dies before the ack is sent, the task need not run again. Written with the
   * next `started`, or by `flush`: one of them must come before any other step.
   */
  done(id: string): void {
    this.mark(id, DONE);
  }

  /** The handler has thrown. If the process dies now, the task is to blame: it would run again, and again. */
  failed(id: string): void {
    this.mark(id, FAILED);
    this.flush();
    this.blamable.add(id);
  }

  /** Redis no longer counts the task among those of this child. */
  confirmed(id: string): void {
    const index = this.used.get(id);
    if (index === undefined) return;
    // a task whose failure Redis has must not be blamed for a later death
    if (this.blamable.delete(id)) {
      this.mark(id, FREE);
      this.flush();
    }
    this.used.delete(id);
    this.free.push(index);
  }

  /** The task was not started after all. */
  withdrawn(id: string): void {
    this.mark(id, FREE);
    this.flush();
    this.confirmed(id);
  }

  /** Writes the changes. */
  flush(): void {
    if (this.changedTo === 0) return;
    const bytes = this.changedTo - this.changedFrom;
    writeSync(this.fd, this.entries, this.changedFrom, bytes, HEADER_BYTES + this.changedFrom);
    this.changedFrom = Number.POSITIVE_INFINITY;
    this.changedTo = 0;
  }

  private writeLimit(at: number, { deadlineMs, afterwards, attempt = 0 }: HardLimit): void {
    this.entries.writeDoubleLE(deadlineMs, at + DEADLINE_AT);
    this.entries.writeDoubleLE(afterwards, at + AFTERWARDS_AT);
    this.entries.writeUInt16LE(attempt, at + ATTEMPT_AT);
    this.changed(at, at + ENTRY_BYTES);
    this.flush();
  }

  private mark(id: string, state: number): void {
    const index = this.used.get(id);
    if (index === undefined) return;
    const at = index * ENTRY_BYTES + STATE_AT;
    this.entries[at] = state;
    this.changed(at, at + 1);
  }

  private changed(from: number, to: number): void {
    if (from < this.changedFrom) this.changedFrom = from;
    if (to > this.changedTo) this.changedTo = to;
  }
}

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

/** The places of the names of a catalog, as a child notes them. */
export function nameIndex(catalog: readonly { readonly name: string }[]): ReadonlyMap<string, number> {
  return new Map(catalog.slice(0, NAMELESS).map(({ name }, place) => [name, place]));
}

/** The reader of a child's scoreboard. */
export type Scoreboard = Pick<ScoreboardReader, 'read' | 'active' | 'window' | 'uncaughtError' | 'close'>;

/** For a child that was never forked. */
export const BLANK_SCOREBOARD: Scoreboard = {
  read: () => ({ running: [], done: [], started: new Set(), limited: [] }),
  active: () => [],
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

  /** The tasks that are under way, the longest first. */
  active(): ActiveEntry[] {
    this.assertOpen();
    readSync(this.fd, this.bytes, 0, this.bytes.length, 0);
    const active: ActiveEntry[] = [];
    for (let at = HEADER_BYTES; at < this.bytes.length; at += ENTRY_BYTES) {
      if (this.bytes.readUInt8(at + STATE_AT) !== STARTED) continue;
      const id = this.bytes.toString('latin1', at, at + TASK_ID_LENGTH);
      const sinceMs = this.bytes.readDoubleLE(at + SINCE_AT);
      active.push({ id, sinceMs, name: this.bytes.readUInt16LE(at + NAME_AT) });
    }
    return active.sort((a, b) => a.sinceMs - b.sinceMs);
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
