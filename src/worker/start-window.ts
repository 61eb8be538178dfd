import { monotonicMs } from '../ipc/monotonic-clock.js';
import type { ScoreboardWriter } from '../ipc/scoreboard-writer.js';

/** How long after a claim was sent its tasks may be started, in ms; on top of that, as long as answers take of late. */
export const START_WINDOW_MS = 80;

/**
 * Until when claimed tasks may be started: noted where the supervisor can read it, so that it can give to others what a
 * child that blocks has not started by then.
 *
 * Each note comes before the look at the clock that relies on it. So when the supervisor reads the note after the window has
 * passed, nothing more is started within it.
 */
export class StartWindow {
  private untilMs = Number.POSITIVE_INFINITY;
  private claimNumber = 0;
  private sentAtMs = 0;
  /** the last two answers */
  private answersTookMs: [number, number] = [Number.POSITIVE_INFINITY, 0];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly scoreboard: ScoreboardWriter,
    private readonly onPassed: () => void,
  ) {}

  /**
   * Before a claim is sent.
   *
   * @param patience how many times as long as usual it stays open
   * @returns whether the window that was open had passed: the tasks in it wait no longer
   */
  open(claimNumber: number, patience = 1): boolean {
    const before = this.untilMs;
    this.sentAtMs = monotonicMs();
    this.claimNumber = claimNumber;
    this.untilMs = this.sentAtMs + START_WINDOW_MS * patience + Math.min(...this.answersTookMs);
    this.scoreboard.window(claimNumber, this.untilMs);
    return monotonicMs() > before;
  }

  /**
   * The answer is here. From a Redis that is slow, the next one may take as long; but where a single one took long, it was
   * rather this process that was busy, and as long as that no task must be kept from others.
   */
  answered(): void {
    this.answersTookMs = [monotonicMs() - this.sentAtMs, this.answersTookMs[0]];
  }

  /** Whether it is too late to start anything; to be asked after the start was noted. */
  get passed(): boolean {
    return monotonicMs() > this.untilMs;
  }

  /** Calls `onPassed` when the window passes before it is closed. */
  watch(): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        if (this.passed) this.onPassed();
        else this.watch();
      },
      this.untilMs - monotonicMs() + 1,
    );
  }

  /** Nothing waits for its start. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.untilMs === Number.POSITIVE_INFINITY) return;
    this.untilMs = Number.POSITIVE_INFINITY;
    this.scoreboard.window(this.claimNumber, this.untilMs);
  }
}
