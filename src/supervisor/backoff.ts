const FIRST_MS = 500;
const MOST_MS = 30_000;

/** Growing pauses between attempts: 0.5 s, doubled each time, 30 s at most. */
export class Backoff {
  private attempts = 0;

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const pauseMs = Math.min(FIRST_MS * 2 ** this.attempts, MOST_MS);
    this.attempts += 1;
    return pauseMs;
  }

  reset(): void {
    this.attempts = 0;
  }
}
