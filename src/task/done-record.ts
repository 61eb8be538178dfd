/** A task that is done, as Redis keeps it on request. Times are in ms since 1970 by the clock of its worker. */
export interface DoneRecord {
  readonly id: string;
  readonly queue: string;
  readonly enqueuedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** the one that returned, from 1 */
  readonly attempt: number;
}

/** How many of one task can be kept. */
export const MOST_DONE = 10_000;

/** Without its end, by which records are ordered. It holds no arguments and no headers: they may be secret. */
export function encodeDone({ id, queue, enqueuedAt, startedAt, attempt }: DoneRecord): string {
  return `${id} ${queue} ${enqueuedAt} ${startedAt} ${attempt}`;
}

/** Undefined for a value that others wrote. */
export function decodeDone(stored: string, endedAt: number): DoneRecord | undefined {
  const [, id, queue, ...numbers] = /^(\S{20}) (\S+) (\d{1,15}) (\d{1,15}) (\d{1,5})$/.exec(stored) ?? [];
  const [enqueuedAt, startedAt, attempt] = numbers.map(Number);
  if (id === undefined || queue === undefined || attempt === undefined) return undefined;
  return { id, queue, enqueuedAt: enqueuedAt ?? 0, startedAt: startedAt ?? 0, endedAt, attempt };
}
