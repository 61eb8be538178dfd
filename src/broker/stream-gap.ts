import type { StreamGap, StreamPosition } from './port/broadcast-port.js';

/** The facts of a stream in the instant in which it was read. */
export interface StreamFacts {
  /** id of the last entry ever added; 0-0 when there was none */
  readonly lastId: string;
  /** how many entries were ever added */
  readonly added: number;
  /** how many of them are left */
  readonly length: number;
}

/** The entries that were read behind a position. */
export interface StreamSlice {
  readonly ids: readonly string[];
  /** whether they reach the end of the stream */
  readonly complete: boolean;
}

/**
 * Where a reader stands after it has read, and whether it missed entries on the way.
 *
 * Every entry has an ordinal, so what was trimmed between two reads is counted exactly. A stream with fewer entries
 * than the reader has seen is another one than it was: then the reader goes to its end, so that it runs nothing twice.
 *
 * @example
 * advance({ id: '5-0', ordinal: 5 }, { lastId: '9-0', added: 9, length: 2 }, { ids: ['8-0', '9-0'], complete: true });
 * // { position: { id: '9-0', ordinal: 9 }, gap: { reason: 'trimmed', missed: 2, after: '5-0' } }
 */
export function advance(
  from: StreamPosition,
  { lastId, added, length }: StreamFacts,
  { ids, complete }: StreamSlice,
): { position: StreamPosition; gap: StreamGap | undefined } {
  const after = from.id;
  const end = { id: lastId, ordinal: added };
  if (isBefore(lastId, from.id)) return { position: end, gap: { reason: 'rewound', missed: undefined, after } };
  if (!complete) {
    const missed = Math.max(added - length - from.ordinal, 0);
    const position = { id: ids.at(-1) ?? from.id, ordinal: from.ordinal + missed + ids.length };
    return { position, gap: missed > 0 ? { reason: 'trimmed', missed, after } : undefined };
  }
  const missed = added - from.ordinal - ids.length;
  if (missed === 0) return { position: end, gap: undefined };
  const gap: StreamGap =
    missed > 0 ? { reason: 'trimmed', missed, after } : { reason: 'rewound', missed: undefined, after };
  return { position: end, gap };
}

/** Compares ids of entries: `<ms>-<number>`, both up to 64 bits. */
function isBefore(a: string, b: string): boolean {
  const [timeA = 0n, numberA = 0n] = a.split('-').map(BigInt);
  const [timeB = 0n, numberB = 0n] = b.split('-').map(BigInt);
  return timeA < timeB || (timeA === timeB && numberA < numberB);
}
