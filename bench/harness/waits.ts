import { percentile } from './goals.js';
import type { Sighting } from './sightings.js';

/** From one moment to another, in ms. */
type Span = readonly [from: number, to: number];

/**
 * For how long tasks waited although a child was there that ran nothing.
 *
 * @param sightings `boot`, and the `start` and `end` of every task by its number
 * @param arrivedAtMs when the tasks in question were in their queue
 * @returns the worst, and the median of all waits, whether a child was idle or not
 */
export function worstWaitWhileIdle(
  sightings: readonly Sighting[],
  arrivedAtMs: ReadonlyMap<number, number>,
  children: number,
): { worst: number; 'worst of all waits': number; 'median wait': number } {
  const spans = idleSpans(sightings, children);
  const starts = sightings.filter(({ what }) => what === 'start');
  const waits: number[] = [];
  const inVain: number[] = [];
  for (const { value, atMs } of starts) {
    const arrived = arrivedAtMs.get(value);
    if (arrived === undefined) continue;
    waits.push(Math.max(atMs - arrived, 0));
    inVain.push(overlap(spans, [arrived, atMs]));
  }
  return { worst: Math.max(...inVain), 'worst of all waits': Math.max(...waits), 'median wait': percentile(waits, 50) };
}

/** When at least one child ran no task. */
function idleSpans(sightings: readonly Sighting[], children: number): Span[] {
  const spans: Span[] = [];
  const running = new Map<number, number>();
  let idleSince: number | undefined = Number.NEGATIVE_INFINITY;
  for (const { what, pid, atMs } of [...sightings].sort((a, b) => a.atMs - b.atMs)) {
    if (what !== 'start' && what !== 'end') continue;
    running.set(pid, (running.get(pid) ?? 0) + (what === 'start' ? 1 : -1));
    const busy = [...running.values()].filter((tasks) => tasks > 0).length;
    if (busy < children) idleSince ??= atMs;
    else if (idleSince !== undefined) {
      spans.push([idleSince, atMs]);
      idleSince = undefined;
    }
  }
  if (idleSince !== undefined) spans.push([idleSince, Number.POSITIVE_INFINITY]);
  return spans;
}

function overlap(spans: readonly Span[], [from, to]: Span): number {
  return spans.reduce((sum, [start, end]) => sum + Math.max(Math.min(end, to) - Math.max(start, from), 0), 0);
}
