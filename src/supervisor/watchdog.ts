import { monotonicMs } from '../ipc/monotonic-clock.js';
import { PeriodicLoop } from '../maintenance/periodic-loop.js';
import type { Children } from './child.js';

/** How late a hard timeout may be noticed, in ms. */
const INTERVAL_MS = 100;

/**
 * Ends processes whose tasks run beyond their hard timeout. It reads the scoreboards of the children from outside: a task
 * that blocks its process could not be stopped from within.
 */
export class Watchdog extends PeriodicLoop {
  constructor(
    private readonly children: Children<'scoreboard' | 'endFor'>,
    onError: (error: unknown) => void,
  ) {
    super(INTERVAL_MS, onError);
  }

  async tick(): Promise<number> {
    const now = monotonicMs();
    for (const child of [...this.children()]) {
      const overdue = child.scoreboard.read().limited.filter(({ deadlineMs }) => deadlineMs < now);
      if (overdue.length > 0) child.endFor(overdue, 'a task ran beyond its hard timeout');
    }
    return INTERVAL_MS;
  }
}
