import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';

export type EntryKind = 'boot' | 'start' | 'finish';

/** One thing that happened in some child. */
export interface Entry {
  readonly kind: EntryKind;
  readonly pid: number;
  /** pid of its supervisor */
  readonly parent: number;
  readonly attempt: number;
  /** milliseconds since 1970 */
  readonly at: number;
  readonly id: string;
  readonly label: string;
}

/** A child's side: one appended line an entry, written before the next statement runs, so that no kill can unwrite it. */
export class LedgerWriter {
  private readonly file: number;
  private readonly parent = process.ppid;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(kind: EntryKind, { attempt, id, label }: Pick<Entry, 'attempt' | 'id' | 'label'>): void {
    writeSync(this.file, `${kind} ${process.pid} ${this.parent} ${attempt} ${Date.now()} ${id} ${label}\n`);
  }
}

/** The judge's side: every start and every finish of every task, in all processes. */
export class Ledger {
  readonly boots: Entry[] = [];
  /** by task id, in the order in which they were written */
  readonly starts = new Map<string, Entry[]>();
  readonly finishes = new Map<string, Entry[]>();
  /** children that have started a task */
  readonly workingPids = new Set<number>();
  private readonly buffer = Buffer.alloc(1 << 20);
  private file: number | undefined;
  private offset = 0;
  private rest = '';

  constructor(readonly path: string) {}

  /** Reads the lines that were written since the last time. */
  update(): this {
    if (this.file === undefined) {
      if (!existsSync(this.path)) return this;
      this.file = openSync(this.path, 'r');
    }
    for (;;) {
      const length = readSync(this.file, this.buffer, 0, this.buffer.length, this.offset);
      if (length === 0) return this;
      this.offset += length;
      const lines = (this.rest + this.buffer.toString('utf8', 0, length)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.add(line);
    }
  }

  /** Starts of the tasks whose label begins so. */
  startsOf(label: string): Entry[] {
    return [...this.update().starts.values()].flat().filter((entry) => entry.label.startsWith(label));
  }

  finishesOf(label: string): Entry[] {
    return [...this.update().finishes.values()].flat().filter((entry) => entry.label.startsWith(label));
  }

  /** Children of a supervisor that have booted. */
  childrenOf(supervisor: number): number[] {
    return this.update()
      .boots.filter(({ parent }) => parent === supervisor)
      .map(({ pid }) => pid);
  }

  /** Every process that ever booted, and their supervisors. */
  processes(): Set<number> {
    return new Set(this.boots.flatMap(({ pid, parent }) => [parent, pid]));
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private add(line: string): void {
    const [kind, pid, parent, attempt, at, id, ...label] = line.split(' ') as [EntryKind, ...string[]];
    const entry: Entry = {
      kind,
      pid: Number(pid),
      parent: Number(parent),
      attempt: Number(attempt),
      at: Number(at),
      id: id ?? '',
      label: label.join(' '),
    };
    if (kind === 'boot') this.boots.push(entry);
    else append(kind === 'start' ? this.starts : this.finishes, entry);
    if (kind === 'start') this.workingPids.add(entry.pid);
  }
}

function append(entries: Map<string, Entry[]>, entry: Entry): void {
  const known = entries.get(entry.id);
  if (known) known.push(entry);
  else entries.set(entry.id, [entry]);
}
