import type { BroadcastRecord, BroadcastRecords, RecordedGap } from '../../broker/port/broker.js';
import { persist } from '../../values/persist.js';

const RETRY_MS = 500;
const MAX_BATCH = 100;
/** Outcomes that Redis does not accept for long are dropped, oldest first: memory is for tasks. */
const MAX_PENDING = 20_000;

/** Sends the outcomes of broadcasts to Redis, in batches, however long Redis is away. */
export class BroadcastRecorder {
  private pending: BroadcastRecord[] = [];
  private writing: Promise<void> | undefined;
  private readonly gaps = new Set<Promise<void>>();
  private readonly ending = new AbortController();

  constructor(
    private readonly records: Pick<BroadcastRecords, 'record' | 'recordGap'>,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(record: BroadcastRecord): void {
    this.pending.push(record);
    if (this.pending.length > MAX_PENDING) {
      this.pending.shift();
      this.onError(new Error(`Redis takes no records of broadcasts; only the latest ${MAX_PENDING} are kept.`));
    }
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  addGap(gap: RecordedGap): void {
    const writing = this.persist(() => this.records.recordGap(gap)).finally(() => this.gaps.delete(writing));
    this.gaps.add(writing);
  }

  /** Resolves when all outcomes are sent, or when Redis does not answer and the worker stops. */
  async stop(): Promise<void> {
    this.ending.abort();
    await Promise.all([this.writing, ...this.gaps]);
  }

  private async write(): Promise<void> {
    // records that are added in the same instant go along
    await Promise.resolve();
    while (this.pending.length > 0) {
      const batch = this.pending.splice(0, MAX_BATCH);
      await this.persist(() => this.records.record(batch));
    }
  }

  private async persist(send: () => Promise<void>): Promise<void> {
    const { signal } = this.ending;
    const options = { retryMs: RETRY_MS, onError: this.onError, isFinal: () => signal.aborted, signal };
    await persist(send, options).catch(() => {});
  }
}
