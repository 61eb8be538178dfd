import type { ChildProcess } from '../child-process.js';

interface Placed extends Pick<ChildProcess, 'dismissed' | 'forkedAtMs'> {
  readonly scoreboard: Pick<ChildProcess['scoreboard'], 'work'>;
  readonly predecessor: Placed | undefined;
  readonly successor: unknown;
}

/** Whether a child has a place of its own: it is not about to end, and no other one is to take over from it. */
export function isStaying({ dismissed, successor }: Pick<Placed, 'dismissed' | 'successor'>): boolean {
  return !dismissed && successor === undefined;
}

/** The children that are more than wanted: those with the fewest active tasks, and the youngest of these. */
export function surplusOf<C extends Placed>(children: Iterable<C>, wanted: number): C[] {
  const staying = [...children].filter(isStaying).map((child) => ({ child, active: activeIn(child) }));
  staying.sort((a, b) => a.active - b.active || b.child.forkedAtMs - a.child.forkedAtMs);
  return staying.slice(0, Math.max(staying.length - wanted, 0)).map(({ child }) => child);
}

/** It counts with the child that it is to replace, because both end. */
function activeIn({ scoreboard, predecessor }: Placed): number {
  return scoreboard.work().active.length + (predecessor ? activeIn(predecessor) : 0);
}
