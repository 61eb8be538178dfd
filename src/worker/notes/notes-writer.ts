import type { NotesWrite } from '../../broker/port/notes-port.js';
import type { NotedEnd } from '../../task/task-notes.js';
import { inCleanContext } from '../../values/clean-context.js';
import { type Clock, systemClock } from '../../values/clock.js';
import { LogOnce } from '../../values/log-once.js';
import { isLeaseLost } from '../../values/persist.js';
import { soon } from '../../values/soon.js';
import type { Outcome, OutcomeListener } from '../executor.js';
import type { NoteTaker, RunningTask } from '../running-task.js';
import { WorkerLog } from '../worker-log.js';
import { Notebook } from './notebook.js';

/** The time from one write of a task to the next, in ms. */
const WRITE_MS = 1_000;
/** How long the end of a child waits for its last notes, in ms. */
const END_MS = 1_000;

export interface NotesWriterOptions {
  /** Resolves to false when the child no longer holds the task. */
  readonly write: (notes: NotesWrite) => Promise<boolean>;
  readonly clock?: Clock;
  /** ms between two writes; 1 s by default */
  readonly everyMs?: number;
}

/**
 * Writes what tasks note, all of one task by one command: a note that comes a second or more after the last write at once, the
 * others about once a second, and the rest before the claim of the task ends, since only the child that holds it may write.
 * A task that notes nothing costs nothing here, and none waits for a write.
 *
 * Notes that Redis has not confirmed are part of the next write. A task that ends without a Redis that answers loses those.
 */
export class NotesWriter implements NoteTaker {
  private readonly books = new Map<RunningTask, Notebook>();
  private readonly sending = new Set<Notebook>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly log = new WorkerLog('TaskWorker');
  private readonly errors = new LogOnce((reason) => this.log.warn(`Notes of tasks are not written: ${reason}`));
  private readonly clock: Clock;
  private readonly everyMs: number;
  /** counts all calls in this child: a task that comes again goes on behind its former attempt */
  private number = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: NotesWriterOptions) {
    this.clock = options.clock ?? systemClock;
    this.everyMs = options.everyMs ?? WRITE_MS;
  }

  progress(task: RunningTask, value: number, text: string): void {
    this.note(task, (book) => book.setProgress(this.number, this.clock(), value, text));
  }

  line(task: RunningTask, text: string): void {
    this.note(task, (book) => book.addLine(this.number, this.clock(), text));
  }

  /** Writes what is left, and how the task ended if it does not run again. */
  readonly onOutcome: OutcomeListener = (task, outcome, givenBack = false) => {
    task.notes = undefined;
    if (this.books.size > 0) this.noteEnd(task, outcome, givenBack);
  };

  private noteEnd(task: RunningTask, outcome: Outcome, givenBack: boolean): void {
    const book = this.books.get(task);
    if (!book) return;
    this.forget(task);
    const end = endOf(task, outcome, givenBack);
    if (end === undefined) return book.isDirty ? this.send(task, book, book.write()) : undefined;
    this.number += 1;
    this.send(task, book, book.writeEnd(this.number, end, this.clock()));
  }

  /** Resolves when all is answered that is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** No task runs any more. Resolves when the last notes are there, or when that takes too long. */
  async end(): Promise<void> {
    await soon(this.settled(), END_MS);
    clearTimeout(this.timer);
  }

  /**
   * A task that now blocks its event loop or ends its process must not take with it the note that has the reason. So what is due is
   * sent before this returns, and also while another write is under way: where the loop is blocked no answer can be read.
   */
  private note(task: RunningTask, take: (book: Notebook) => void): void {
    this.number += 1;
    const book = this.bookOf(task);
    take(book);
    if (this.clock() - book.sentAt < this.everyMs) this.later();
    else inCleanContext(() => this.send(task, book, book.write()));
  }

  private bookOf(task: RunningTask): Notebook {
    const known = this.books.get(task);
    if (known) return known;
    const book = new Notebook(task);
    this.books.set(task, book);
    return book;
  }

  private forget(task: RunningTask): void {
    this.books.delete(task);
    if (this.books.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** A timer of a task would see its async context, and so would all that follows from it. */
  private later(): void {
    this.timer ??= inCleanContext(() => setTimeout(() => this.writeAll(), this.everyMs));
  }

  private writeAll(): void {
    this.timer = undefined;
    for (const [task, book] of this.books) {
      if (!book.isDirty) continue;
      if (this.sending.has(book)) this.later();
      else this.send(task, book, book.write());
    }
  }

  private send(task: RunningTask, book: Notebook, notes: NotesWrite): void {
    book.sentAt = this.clock();
    this.sending.add(book);
    const sent = this.write(task, book, notes).finally(() => {
      this.sending.delete(book);
      this.underWay.delete(sent);
    });
    this.underWay.add(sent);
  }

  /** Never rejects: notes are no reason for a task to fail. */
  private async write(task: RunningTask, book: Notebook, notes: NotesWrite): Promise<void> {
    try {
      if (await this.options.write(notes)) book.confirmed(notes.number);
      else this.lose(task);
      this.errors.over();
    } catch (error) {
      if (isLeaseLost(error)) return this.lose(task);
      this.errors.about(error);
      if (this.books.has(task)) this.later();
    }
  }

  /** Others have the task. */
  private lose(task: RunningTask): void {
    task.notes = undefined;
    this.forget(task);
  }
}

/** How it ended; undefined when it runs again, or is dead and keeps its notes with its record. */
function endOf({ cancelled }: RunningTask, outcome: Outcome, givenBack: boolean): NotedEnd | undefined {
  if (outcome.kind === 'done') return 'done';
  if (givenBack || outcome.decision.kind !== 'drop') return undefined;
  return cancelled ? 'cancelled' : 'dropped';
}
