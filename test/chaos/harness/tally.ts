import type { Entry, Ledger } from './ledger.js';

/** The counts of the ledger against the promise. */
export interface Tally {
  readonly tasks: number;
  /** ids that were accepted, and are neither finished nor dead */
  readonly lost: readonly string[];
  /** starts beyond the first of a task */
  readonly duplicates: number;
  /** tasks that were started again although nothing had ended the process of their earlier start, with their runs */
  readonly unexplained: readonly string[];
  /** crashes that were counted against tasks */
  readonly crashes: number;
  readonly dead: number;
}

/** When processes were ended, by pid; the pid of a supervisor stands for all its children. */
export type Deaths = ReadonlyMap<number, number>;

/** Checks every accepted task by the notes of its processes. */
export function judge(
  accepted: ReadonlyMap<string, string>,
  dead: ReadonlySet<string>,
  ledger: Ledger,
  deaths: Deaths,
): Tally {
  const { starts, finishes } = ledger.update();
  const lost: string[] = [];
  const unexplained: string[] = [];
  let duplicates = 0;
  let crashes = 0;
  for (const id of accepted.keys()) {
    if (!finishes.has(id) && !dead.has(id)) lost.push(id);
  }
  for (const [id, runs] of starts) {
    duplicates += runs.length - 1;
    crashes += Math.max(...runs.map(({ attempt }) => attempt)) - 1;
    const inOrder = runs.toSorted((a, b) => begunAt(a, deaths) - begunAt(b, deaths));
    if (inOrder.some((run, index) => !explains(run, inOrder[index + 1], deaths)))
      unexplained.push(story(id, runs, finishes.get(id) ?? []));
  }
  return { tasks: accepted.size, lost, duplicates, unexplained, crashes, dead: dead.size };
}

/** The history of a task, for the report: the processes that started and finished it, in ms since the first start. */
function story(id: string, starts: readonly Entry[], finishes: readonly Entry[]): string {
  const entries = [...starts, ...finishes].sort((a, b) => a.at - b.at);
  const parts = entries.map(
    ({ kind, pid, attempt, at }) => `${kind} #${attempt} by ${pid} +${at - (entries[0]?.at ?? at)}`,
  );
  return `${id} "${entries[0]?.label}" ${parts.join(', ')}`;
}

/**
 * When a run began, at the latest. A process may be frozen while it starts a task, before it has noted that. It notes the
 * start when it goes on, after the runs of those who got the task meanwhile.
 */
function begunAt({ at, pid }: Entry, deaths: Deaths): number {
  return Math.min(at, deaths.get(pid) ?? at);
}

/** Whether the process of a run had been ended when the next run began. */
function explains(run: Entry, next: Entry | undefined, deaths: Deaths): boolean {
  if (!next) return true;
  const endedAt = deaths.get(run.pid) ?? deaths.get(run.parent);
  return endedAt !== undefined && endedAt <= begunAt(next, deaths);
}
