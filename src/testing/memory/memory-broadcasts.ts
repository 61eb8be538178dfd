import { OUTCOME_SECONDS } from '../../broker/broadcast-records.js';
import type { BroadcastOutcome, BroadcastRecords, RecordedGap } from '../../broker/port/broker.js';
import { KEPT_BROADCASTS } from '../../task/broadcast.js';
import type { TestBroadcasts } from '../test-work.js';
import type { MemoryTasks } from './memory-tasks.js';

/** As many as a supervisor reads at once: tasks that they send come before the next. */
const TAKEN_AT_ONCE = 100;

/** The broadcasts of one app, and their outcomes, in memory. */
export class MemoryBroadcasts implements TestBroadcasts, Pick<BroadcastRecords, 'outcomes' | 'gaps'> {
  private readonly waiting: string[] = [];
  private readonly ended = new Map<string, { readonly outcome: BroadcastOutcome; readonly until: number }>();

  constructor(private readonly tasks: MemoryTasks) {}

  add(message: string): void {
    this.waiting.push(message);
    if (this.waiting.length > KEPT_BROADCASTS) this.waiting.shift();
  }

  async next(): Promise<string[]> {
    return this.waiting.splice(0, TAKEN_AT_ONCE);
  }

  async record(id: string, outcome: BroadcastOutcome): Promise<void> {
    const plain = JSON.parse(JSON.stringify(outcome)) as BroadcastOutcome;
    this.ended.set(id, { outcome: plain, until: this.tasks.now + OUTCOME_SECONDS * 1_000 });
  }

  async outcomes(id: string): Promise<BroadcastOutcome[]> {
    const ended = this.ended.get(id);
    return ended && ended.until > this.tasks.now ? [ended.outcome] : [];
  }

  /** Supervisors record them, and a test has none. */
  async gaps(): Promise<RecordedGap[]> {
    return [];
  }
}
