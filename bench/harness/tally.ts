import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from './clock.js';

const WRITE_EVERY_MS = 20;

/** The tasks that one process has run, by the clock that all share. */
export interface TallySheet {
  readonly pid: number;
  readonly count: number;
  /** when the first task started */
  readonly firstMs: number;
  /** how many tasks were finished at which moment, now and then, and at the last of them */
  readonly progress: readonly (readonly [atMs: number, count: number])[];
  /** the notes of the tasks, if any */
  readonly notes: readonly number[];
}

/**
 * Counts tasks inside a worker process: all contestants use it alike, and it costs less than 0.1 us a task. What it
 * counted goes into a file every 20 ms, where the bench reads it.
 */
export class Tally {
  private readonly offsetMs = monotonicMs() - performance.now();
  private readonly progress: [number, number][] = [];
  private readonly notes: number[] = [];
  private count = 0;
  private written = 0;
  private firstMs = 0;
  private lastMs = 0;

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
    setInterval(() => this.write(), WRITE_EVERY_MS).unref();
  }

  /** First thing in a task. */
  started(): void {
    if (this.firstMs === 0) this.firstMs = performance.now();
  }

  /** Last thing in a task. */
  done(): void {
    this.count += 1;
    this.lastMs = performance.now();
  }

  /** Keeps a number of a task, for figures that are not about speed. */
  note(value: number): void {
    this.notes.push(value);
  }

  private write(): void {
    if (this.count === this.written) return;
    this.written = this.count;
    this.progress.push([this.lastMs + this.offsetMs, this.count]);
    const sheet: TallySheet = {
      pid: process.pid,
      count: this.count,
      firstMs: this.firstMs + this.offsetMs,
      progress: this.progress,
      notes: this.notes,
    };
    const file = join(this.directory, String(process.pid));
    writeFileSync(`${file}.new`, JSON.stringify(sheet));
    renameSync(`${file}.new`, file); // a reader sees all of it, or all of the one before
  }
}

/** The tallies that the processes of a worker have written. */
export function readSheets(directory: string): TallySheet[] {
  return readdirSync(directory)
    .filter((name) => !name.endsWith('.new'))
    .map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as TallySheet);
}

/**
 * Tasks per second of all processes together, over the time in which every one of them was at work: from the start of the
 * first task in the last of them, to the end of the last task in the first that had no more.
 *
 * @param limit look only at the first so many tasks of each process
 */
export function tasksPerSecond(sheets: readonly TallySheet[], limit = Number.POSITIVE_INFINITY): number {
  const from = Math.max(...sheets.map(({ firstMs }) => firstMs));
  const to = Math.min(...sheets.map((sheet) => timeOf(sheet, Math.min(limit, sheet.count))));
  const tasks = sheets.reduce((sum, sheet) => sum + countAt(sheet, to) - countAt(sheet, from), 0);
  return (tasks / (to - from)) * 1_000;
}

/** When the last task of all was finished. */
export function endOf(sheets: readonly TallySheet[]): number {
  return Math.max(...sheets.map((sheet) => timeOf(sheet, sheet.count)));
}

/** How many tasks a process had finished at a moment, by linear interpolation. */
function countAt({ firstMs, progress }: TallySheet, atMs: number): number {
  let [beforeMs, before] = [firstMs, 0];
  for (const [afterMs, after] of progress) {
    if (afterMs > atMs) return before + ((after - before) * Math.max(atMs - beforeMs, 0)) / (afterMs - beforeMs);
    [beforeMs, before] = [afterMs, after];
  }
  return before;
}

/** When a process had finished so many tasks. */
function timeOf({ firstMs, progress }: TallySheet, count: number): number {
  let [beforeMs, before] = [firstMs, 0];
  for (const [afterMs, after] of progress) {
    if (after >= count) return beforeMs + ((afterMs - beforeMs) * (count - before)) / (after - before);
    [beforeMs, before] = [afterMs, after];
  }
  return beforeMs;
}
