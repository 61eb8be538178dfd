import type { DeadPurgeBroker } from '../broker/port/broker.js';
import { PeriodicLoop } from './periodic-loop.js';

/** How many a script removes at once; other commands wait for it. */
const BATCH = 500;
const RETRY_MS = 5_000;
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 60_000;

export interface DeadJanitorOptions {
  readonly broker: DeadPurgeBroker;
  readonly queues: readonly string[];
  /** for how long dead tasks are kept, in ms */
  readonly deadRetentionMs?: number;
  /** how many dead tasks are kept in each queue */
  readonly maxDead?: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Removes dead tasks that have been kept for long enough; idle when all are kept. Every supervisor runs one: another one
 * finds less to do.
 */
export class DeadJanitor extends PeriodicLoop {
  private readonly intervalMs: number;

  constructor(private readonly options: DeadJanitorOptions) {
    super(RETRY_MS, options.onError);
    const { deadRetentionMs = MAX_INTERVAL_MS } = options;
    this.intervalMs = Math.max(Math.min(deadRetentionMs / 10, MAX_INTERVAL_MS), MIN_INTERVAL_MS);
  }

  override start(): void {
    const { deadRetentionMs, maxDead } = this.options;
    if (deadRetentionMs !== undefined || maxDead !== undefined) super.start();
  }

  /** Removes a batch from each queue. Resolves to when to go on, in ms: at once while there may be more. */
  async tick(): Promise<number> {
    const { broker, queues, deadRetentionMs: retentionMs, maxDead: most, onError } = this.options;
    let more = false;
    for (const queue of queues) {
      // a queue that cannot be purged must not delay the others
      const removed = await broker.purge(queue, { retentionMs, most }, BATCH).catch(onError);
      more ||= removed === BATCH;
    }
    return more ? 0 : this.intervalMs;
  }
}
