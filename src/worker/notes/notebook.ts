import type { NotesWrite } from '../../broker/port/notes-port.js';
import {
  encodeLogLine,
  encodeNoted,
  encodeProgress,
  MOST_LOG_BYTES,
  MOST_LOG_LINES,
  type NotedEnd,
} from '../../task/task-notes.js';
import type { RunningTask } from '../running-task.js';

/** The notes of one attempt that Redis has not confirmed yet. */
export class Notebook {
  /** When notes of it were last sent, in ms since 1970. */
  sentAt = Number.NEGATIVE_INFINITY;
  private progress = '';
  private progressNumber = 0;
  private lines: { readonly number: number; readonly line: string }[] = [];
  private length = 0;
  private last = 0;

  constructor(private readonly task: RunningTask) {}

  /** Whether there is something to write. */
  get isDirty(): boolean {
    return this.progressNumber > 0 || this.lines.length > 0;
  }

  /** The latest one alone counts. */
  setProgress(number: number, at: number, value: number, text: string): void {
    this.progress = encodeProgress(at, this.task.attempt, value, text && this.task.sealedText(text));
    this.progressNumber = number;
    this.last = number;
  }

  addLine(number: number, at: number, text: string): void {
    const line = encodeLogLine(at, this.task.attempt, this.task.sealedText(text));
    this.lines.push({ number, line });
    this.length += line.length;
    this.last = number;
    while (this.lines.length > MOST_LOG_LINES || this.length > MOST_LOG_BYTES) {
      this.length -= this.lines.shift()?.line.length ?? 0;
    }
  }

  /** All that is not confirmed. A note that was written before under its number is not written twice. */
  write(): NotesWrite {
    const { id, queue, name } = this.task;
    const { last: number, progress, lines } = this;
    return { id, noted: encodeNoted(queue, name), ended: false, number, progress, lines: [...lines] };
  }

  /** The last write of a task that does not run again. */
  writeEnd(number: number, end: NotedEnd, at: number): NotesWrite {
    const { queue, name } = this.task;
    return { ...this.write(), noted: encodeNoted(queue, name, end, at), ended: true, number };
  }

  /** Redis has all up to this number. */
  confirmed(number: number): void {
    if (this.progressNumber <= number) {
      this.progress = '';
      this.progressNumber = 0;
    }
    while (this.lines[0] && this.lines[0].number <= number) this.length -= this.lines.shift()?.line.length ?? 0;
  }
}
