/**
 * Where a broadcast runs: in every child of every worker, or in one child of each machine.
 *
 * @example
 * const on: BroadcastScope = 'machine';
 */
export type BroadcastScope = 'child' | 'machine';

/** What stands for the queue of a broadcast, which has none; no queue can have this name. */
export const BROADCAST_QUEUE = '(broadcast)';

/** Whether a value that somebody wrote is a scope. */
export function isBroadcastScope(value: unknown): value is BroadcastScope {
  return value === 'child' || value === 'machine';
}

/** Broadcasts that are kept for those that cannot take them yet; the stream has a few more, as Redis trims by whole nodes. */
export const KEPT_BROADCASTS = 10_000;
