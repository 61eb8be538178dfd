/** A loop of every worker, independent of its children. */
export interface Service {
  start(): void;
  stop(): Promise<void>;
}

/**
 * Runs a tick over and over, one at a time, as long as it is wanted.
 *
 * A tick resolves to the time until the next one in ms. One that rejects is reported and tried again after `retryMs`.
 *
 * @example
 * class Renewal extends PeriodicLoop {
 *   async tick(): Promise<number> {
 *     await renew();
 *     return 5_000;
 *   }
 * }
 * const renewal = new Renewal(500, onError);
 * renewal.start();
 * await renewal.stop();
 */
export abstract class PeriodicLoop {
  private timer: NodeJS.Timeout | undefined;
  private ticking: Promise<void> | undefined;
  private wanted = false;
  private underWay = false;

  constructor(
    private readonly retryMs: number,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Resolves to when to tick again, in ms. */
  abstract tick(): Promise<number>;

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
    let nextMs = this.retryMs;
    try {
      nextMs = await this.tick();
    } catch (error) {
      this.report(error);
    }
    this.underWay = false;
    if (!this.wanted) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.ticking = this.once();
    }, nextMs);
  }
}

/** A loop around a function. */
export function periodically(
  tick: () => Promise<number>,
  retryMs: number,
  onError: (error: unknown) => void,
): PeriodicLoop {
  return new (class extends PeriodicLoop {
    readonly tick = tick;
  })(retryMs, onError);
}
