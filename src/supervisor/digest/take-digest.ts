import type { ChildDigest, WorkerDigest } from '../../broker/port/worker-port.js';
import { monotonicMs } from '../../ipc/monotonic-clock.js';
import type { Child } from '../child.js';
import { residentBytes } from '../process-memory.js';
import type { WorkerStatus } from './worker-status.js';

/** A worker may have hundreds of children with hundreds of tasks each; its digest stays small. */
const MOST_CHILDREN = 128;
const MOST_TASKS = 256;

/** The children, as their digest needs them. */
export type Digested = Pick<Child, 'pid' | 'dismissed' | 'claimant' | 'forkedAtMs' | 'names' | 'scoreboard'>;

/** What a worker is and does at this moment. It reads the scoreboards, so no child is asked, and a blocked one shows as well. */
export async function takeDigest(status: WorkerStatus, children: readonly Digested[]): Promise<WorkerDigest> {
  const listed = children.slice(0, MOST_CHILDREN);
  const most = Math.ceil(MOST_TASKS / Math.max(listed.length, 1));
  // all at once, before anything is awaited: the scoreboard of a child that ends is closed
  const taken = listed.map((child) => digestOf(child, most));
  const bytes = await Promise.all(taken.map(({ pid }) => residentBytes(pid)));
  return {
    ...status.digest(),
    forked: children.length,
    children: taken.map((child, at) => ({ ...child, bytes: bytes[at] })),
  };
}

function digestOf(child: Digested, most: number): ChildDigest {
  const { pid, forkedAtMs, names, scoreboard } = child;
  const now = monotonicMs();
  const { active, done } = scoreboard.work();
  return {
    pid,
    state: stateOf(child),
    upMs: Math.round(performance.now() - forkedAtMs),
    running: active.length,
    done,
    active: active
      .slice(0, most)
      .map(({ id, name, sinceMs }) => ({ id, name: names[name], forMs: Math.max(Math.round(now - sinceMs), 0) })),
  };
}

function stateOf({ dismissed, claimant }: Pick<Child, 'dismissed' | 'claimant'>): ChildDigest['state'] {
  if (dismissed) return 'stopping';
  return claimant ? 'running' : 'booting';
}
