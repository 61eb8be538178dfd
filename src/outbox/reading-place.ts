import type { RowNumber } from './sql/outbox-sql.js';

/** Looks from the beginning take no more than this part of the time of a relay. */
const SHARE = 20;
/** A row that comes behind the place waits for no longer, in ms. */
const LATEST_MS = 10_000;

/**
 * Where a relay reads on. Databases keep rows that were deleted for as long as an open transaction may see them, and pass over each of them
 * at every look: an hour of a report or a backup is many. So the relay goes on behind the last row that it has read. Rows may come before
 * that, of transactions that began earlier, and others that were locked: now and then it looks from the beginning again, as often as it is
 * cheap.
 */
export class ReadingPlace {
  private last: RowNumber | undefined;
  private beginAtMs = Number.NEGATIVE_INFINITY;

  /** @param clock in ms */
  constructor(private readonly clock: () => number = () => performance.now()) {}

  /** The row behind which to read on; undefined for the beginning. */
  get after(): RowNumber | undefined {
    return this.clock() >= this.beginAtMs ? undefined : this.last;
  }

  /** @param after where the look began; @param last the row that it ended with, if it found one; @param tookMs the time of its statement */
  looked(after: RowNumber | undefined, last: RowNumber | undefined, tookMs: number): void {
    if (after === undefined) this.beginAtMs = this.clock() + Math.min(tookMs * SHARE, LATEST_MS);
    this.last = last ?? after;
  }

  /** In how many ms it is time to look from the beginning; 0 where the last look began there. */
  dueInMs(after: RowNumber | undefined): number {
    return after === undefined ? 0 : Math.max(this.beginAtMs - this.clock(), 1);
  }

  /** Rows that were read stay: the next look has to find them. */
  reset(): void {
    this.last = undefined;
  }
}
