import type { BroadcastOutcome, BroadcastRecord, BroadcastRecords, RecordedGap, Turn } from '../../broker/broker.js';
import type { MemoryStore } from './memory-store.js';

const OUTCOME_MS = 86_400_000;
const GAP_MS = 7 * OUTCOME_MS;
const KEPT_GAPS = 100;

interface Remembered {
  readonly outcomes: Map<string, BroadcastOutcome>;
  /** machine -> session that runs it, or `done` */
  readonly machines: Map<string, string>;
  until: number;
}

/** What became of broadcasts, in memory. */
export class MemoryBroadcastRecords implements BroadcastRecords {
  private readonly broadcasts = new Map<string, Remembered>();
  private recorded: { readonly gap: RecordedGap; readonly until: number }[] = [];

  constructor(private readonly store: MemoryStore) {}

  async takeTurn(id: string, machine: string, session: string): Promise<Turn> {
    const { machines } = this.remembered(id);
    const owner = machines.get(machine);
    if (owner === 'done') return 'done';
    if (owner !== undefined && owner !== session && this.store.sessions.has(owner)) return 'taken';
    machines.set(machine, session);
    return 'mine';
  }

  async record(records: readonly BroadcastRecord[]): Promise<void> {
    for (const { id, target, outcome, machine } of records) {
      const { outcomes, machines } = this.remembered(id);
      outcomes.set(target, JSON.parse(JSON.stringify(outcome)) as BroadcastOutcome);
      if (machine !== undefined) machines.set(machine, 'done');
    }
  }

  async recordGap(gap: RecordedGap): Promise<void> {
    const same = JSON.stringify(gap);
    const others = this.recorded.filter((other) => JSON.stringify(other.gap) !== same);
    this.recorded = [...others, { gap, until: this.store.now + GAP_MS }]
      .sort((a, b) => a.gap.at - b.gap.at)
      .slice(-KEPT_GAPS);
  }

  async outcomes(id: string): Promise<BroadcastOutcome[]> {
    const found = this.broadcasts.get(id);
    if (!found || found.until <= this.store.now) return [];
    return [...found.outcomes.values()].sort((a, b) => a.at - b.at);
  }

  async gaps(): Promise<RecordedGap[]> {
    return this.recorded.filter(({ until }) => until > this.store.now).map(({ gap }) => gap);
  }

  /** Each use keeps it for another day. */
  private remembered(id: string): Remembered {
    const known = this.broadcasts.get(id);
    const until = this.store.now + OUTCOME_MS;
    const kept = known && known.until > this.store.now ? known : { outcomes: new Map(), machines: new Map(), until };
    kept.until = until;
    this.broadcasts.set(id, kept);
    return kept;
  }
}
