import { dur, type StateName } from '../../page/parts/index.js';
import type { QueueLine } from './queue-actions.js';

/** Red wants somebody now; a pause is amber, however many wait. */
export function stateOf(queue: QueueLine): StateName {
  if (queue.paused) return 'held';
  return faultOf(queue) === undefined ? 'done' : 'dead';
}

/** What is wrong with a queue, in a few words; undefined for nothing. */
export function faultOf({ paused, healthy, pending, served, workers }: QueueLine): string | undefined {
  if (paused) return undefined;
  if (pending > 0 && !(served && workers > 0)) return 'nobody consumes';
  return healthy ? undefined : 'late';
}

/** What needs somebody comes first: faults, pauses, then the others. */
export function byNeed(a: QueueLine, b: QueueLine): number {
  const rank = (queue: QueueLine): number => ['dead', 'held', 'done'].indexOf(stateOf(queue));
  return rank(a) - rank(b);
}

/** How long the oldest task has waited. */
export function waited({ pending, waitingMs }: QueueLine): string {
  return pending === 0 && waitingMs === 0 ? '–' : dur(waitingMs);
}
