import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;

/** Spaces out the repetitions of a command that a server refuses for the moment, for so many ms from the first refusal on. */
export class Patience {
  private readonly endMs: number;
  private pauseMs = FIRST_PAUSE_MS;

  constructor(timeoutMs: number) {
    this.endMs = performance.now() + timeoutMs;
  }

  /** Resolves to whether it is worth another try: at once to false when the time is over, else after a pause to true. */
  async pause(): Promise<boolean> {
    if (performance.now() >= this.endMs) return false;
    await delay(Math.min(this.pauseMs, this.endMs - performance.now()));
    this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
    return true;
  }
}
