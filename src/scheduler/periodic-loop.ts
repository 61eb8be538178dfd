/**
 * Runs a tick over and over, one at a time, as long as it is wanted.
 *
 * A tick resolves to the time until the next one in ms. One that rejects is reported and tried again after `retryMs`.
 *
 * @example
 * const loop = new PeriodicLoop(async () => { await renew(); return 5_000; }, { retryMs: 500, onError });
 * loop.start();
 * await loop.stop();
 */
export class PeriodicLoop {
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> | undefined;
  private wanted = false;
  private underWay = false;

  constructor(
    private readonly tick: () => Promise<number>,
    private readonly options: { readonly retryMs: number; readonly onError: (error: unknown) => void },
  ) {}

  /** Runs the first tick at once. Idempotent. */
  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    // a tick that is still under way since before a stop goes on
    if (!this.underWay) this.ticking = this.once();
  }

  /** Runs the next tick now, unless one is under way. */
  hurry(): void {
    if (this.timer === undefined) return;
    this.clear();
    this.ticking = this.once();
  }

  /** Resolves when no tick is under way and none will follow. Idempotent. */
  async stop(): Promise<void> {
    this.wanted = false;
    this.clear();
    await this.ticking;
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async once(): Promise<void> {
    this.underWay = true;
    let nextMs = this.options.retryMs;
    try {
      nextMs = await this.tick();
    } catch (error) {
      this.options.onError(error);
    }
    this.underWay = false;
    if (!this.wanted) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.ticking = this.once();
    }, nextMs);
  }
}
