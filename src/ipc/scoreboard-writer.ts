import { writeSync } from 'node:fs';
import { monotonicMs } from './monotonic-clock.js';
import {
  AFTERWARDS_AT,
  ATTEMPT_AT,
  DEADLINE_AT,
  DIES,
  DONE,
  DONE_AT,
  ENTRY_BYTES,
  FAILED,
  FREE,
  type HardLimit,
  HEADER_BYTES,
  NAME_AT,
  NAMELESS,
  SCOREBOARD_FD,
  SINCE_AT,
  STARTED,
  STATE_AT,
} from './scoreboard-layout.js';

/** What 32 bits hold. */
const MOST_DONE = 0xffff_ffff;
const NO_LIMIT: HardLimit = { deadlineMs: Number.POSITIVE_INFINITY, afterwards: DIES };

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
  private doneCount = 0;
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
    const index = this.used.get(id);
    if (index === undefined) return;
    // where 32 bits end it stops: a number that does not fit would throw
    this.doneCount = Math.min(this.doneCount + 1, MOST_DONE);
    const at = index * ENTRY_BYTES;
    this.entries[at + STATE_AT] = DONE;
    this.entries.writeUInt32LE(this.doneCount, at + DONE_AT);
    this.changed(at + STATE_AT, at + DONE_AT + 4);
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
