import type { StreamEntry } from '../../broker/port/broker.js';
import { CANCELLED } from '../../ipc/scoreboard-layout.js';
import type { Children } from '../child.js';

/**
 * Stops active tasks that were cancelled: first by their signal, then, if they still run after the grace, by the end of
 * their process. Redis has them as cancelled, so they do not run again, however the process ends.
 */
export class Canceller {
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly children: Children<'scoreboard' | 'cancel' | 'endFor'>,
    private readonly graceMs: number,
  ) {}

  /** Takes an entry of the stream that cancels a task. */
  readonly receive = ({ fields }: StreamEntry): void => {
    const id = fields.get('id') ?? '';
    for (const child of [...this.children()]) child.cancel(id);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.end(id);
    }, this.graceMs);
    this.timers.add(timer);
  };

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private end(id: string): void {
    for (const child of [...this.children()]) {
      if (!child.scoreboard.read().running.includes(id)) continue;
      child.endFor([{ id, deadlineMs: 0, afterwards: CANCELLED }], 'a cancelled task did not end within its grace');
    }
  }
}
