/** How long the last task of a batch should wait for its start, in ms: beyond that another child might have run it sooner. */
const START_WITHIN_MS = 10;
/** Measured with one child: 90,000 tasks/s at 64, 109,000 at 128, 114,000 at 256, which holds Redis up twice as long. */
export const MAX_BATCH = 128;
const WEIGHT = 0.2;

/**
 * How many tasks a scoreboard needs room for: what runs and what was claimed, and as much again that was finished while
 * its acks were on their way.
 */
export function scoreboardCapacity(concurrency: number): number {
  return 3 * MAX_BATCH + 2 * concurrency;
}

/** Learns from recent durations how many tasks to claim at once, and which tasks may block the process for long. */
export class BatchSize {
  private averageMs: number | undefined;
  private last = 1;
  /** whether the queues held more after the last claim */
  private more = false;
  private readonly byName = new Map<string, number>();

  constructor(private readonly concurrency: number) {}

  learn(name: string, durationMs: number): void {
    this.averageMs = blend(this.averageMs, durationMs);
    this.byName.set(name, blend(this.byName.get(name), durationMs));
  }

  /**
   * Tasks to claim now, 0 for none: as many as will start soon, at least one per free slot, growing step by step. Short
   * tasks are claimed ahead, before those at hand are done, as long as there are more: the child need not wait for the answer.
   *
   * @param waiting claimed tasks without a slot
   */
  next(freeSlots: number, waiting = 0): number {
    if (waiting > 0 && freeSlots > 0) return 0;
    const startable = this.startable;
    if (freeSlots === 0 && !this.more) return 0;
    const limit = Math.min(Math.max(startable - waiting, freeSlots), Math.max(this.last * 2, freeSlots), MAX_BATCH);
    return waiting > limit ? 0 : limit;
  }

  /**
   * @param limit how many were asked for
   * @param more whether the queues hold more
   */
  claimed(limit: number, more: boolean): void {
    this.last = limit;
    this.more = more;
  }

  /** The claimed tasks could not be started in time: nothing is claimed ahead until tasks have ended. */
  tooMany(): void {
    this.more = false;
  }

  /** Whether a task of this name may hold the process for so long that acks should not wait for it. */
  mayBlock(name: string): boolean {
    const usualMs = this.byName.get(name);
    return usualMs === undefined || usualMs > START_WITHIN_MS;
  }

  private get startable(): number {
    if (this.averageMs === undefined) return 0;
    return Math.floor((START_WITHIN_MS * this.concurrency) / Math.max(this.averageMs, 1e-3));
  }
}

/** A moving average that takes a longer duration at once and forgets it slowly: an estimate too low strands tasks. */
function blend(averageMs: number | undefined, durationMs: number): number {
  if (averageMs === undefined || durationMs > averageMs) return durationMs;
  return averageMs + WEIGHT * (durationMs - averageMs);
}
