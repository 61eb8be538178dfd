import type { Action, ActionPort, RecordedAction } from '../../broker/port/action-port.js';
import type { Clock } from '../../values/clock.js';

const KEPT = 1_000;

/** The record of actions, in memory. */
export class MemoryActions implements ActionPort {
  private readonly kept: RecordedAction[] = [];
  private recorded = 0;

  constructor(private readonly clock: Clock) {}

  async record(action: Action): Promise<void> {
    const at = this.clock();
    this.kept.unshift({ ...action, id: `${at}-${this.recorded}`, at });
    this.recorded += 1;
    this.kept.splice(KEPT);
  }

  async latest(limit: number): Promise<RecordedAction[]> {
    return this.kept.slice(0, limit);
  }
}
