import type { NotesBroker, NotesWrite } from '../../broker/port/notes-port.js';
import { MOST_LOG_BYTES, MOST_LOG_LINES } from '../../task/task-notes.js';
import type { Clock } from '../../values/clock.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

interface Kept {
  readonly noted: string;
  readonly progress: string;
  readonly lines: readonly string[];
  readonly until: number;
  readonly dead: boolean;
}

/** The notes of tasks, in memory. */
export class MemoryNotes implements NotesBroker {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly clock: Clock) {}

  /** The only writer holds the task, and no call of it comes twice. */
  write({ id, noted, ended, progress, lines }: NotesWrite): void {
    const before = this.of(id);
    const all = [...(before?.lines ?? []), ...lines.map(({ line }) => line)];
    const until = this.clock() + (ended ? HOUR_MS : DAY_MS);
    this.kept.set(id, {
      noted,
      progress: progress || (before?.progress ?? ''),
      lines: last(all),
      until,
      dead: false,
    });
  }

  async read(id: string): Promise<string | undefined> {
    return this.stored(id, false);
  }

  /** Those of a dead task. */
  ofDead(id: string): string | undefined {
    return this.stored(id, true);
  }

  /** The task died, and they stay as long as its record. */
  bury(id: string): void {
    const kept = this.of(id);
    if (kept) this.kept.set(id, { ...kept, until: Number.POSITIVE_INFINITY, dead: true });
  }

  /** It runs again. */
  redrive(id: string): void {
    const kept = this.of(id);
    if (kept) this.kept.set(id, { ...kept, until: this.clock() + DAY_MS, dead: false });
  }

  delete(id: string): void {
    this.kept.delete(id);
  }

  private stored(id: string, dead: boolean): string | undefined {
    const kept = this.of(id);
    return kept?.dead === dead ? ['', kept.noted, kept.progress, ...kept.lines].join('\n') : undefined;
  }

  private of(id: string): Kept | undefined {
    const kept = this.kept.get(id);
    if (kept && kept.until <= this.clock()) this.kept.delete(id);
    return this.kept.get(id);
  }
}

function last(lines: readonly string[]): string[] {
  const kept = lines.slice(-MOST_LOG_LINES);
  let bytes = kept.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  while (bytes > MOST_LOG_BYTES) bytes -= Buffer.byteLength(kept.shift() ?? '') + 1;
  return kept;
}
