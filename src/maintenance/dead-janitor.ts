import type { DeadPurgeBroker } from '../broker/port/broker.js';
import { type PeriodicLoop, periodically } from './periodic-loop.js';

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
 * Removes dead tasks that have been kept for long enough, a batch from each queue at a time. Undefined when all are kept. Every
 * supervisor runs one: another one finds less to do.
 */
export function deadJanitor(options: DeadJanitorOptions): PeriodicLoop | undefined {
  const { broker, queues, deadRetentionMs: retentionMs, maxDead: most, onError } = options;
  if (retentionMs === undefined && most === undefined) return undefined;
  const intervalMs = Math.max(Math.min((retentionMs ?? MAX_INTERVAL_MS) / 10, MAX_INTERVAL_MS), MIN_INTERVAL_MS);
  const purge = async (): Promise<number> => {
    let more = false;
    for (const queue of queues) {
      // a queue that cannot be purged must not delay the others
      const removed = await broker.purge(queue, { retentionMs, most }, BATCH).catch(onError);
      more ||= removed === BATCH;
    }
    return more ? 0 : intervalMs;
  };
  return periodically(purge, RETRY_MS, onError);
}
