interface Waiting {
  readonly dueMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Gives promises so long to settle.
 *
 * All share one timer, which stays set while commands come and go. To set and clear one for each costs a tenth of what a
 * `delay()` costs altogether, because the event loop then has another time to wake up at in every round.
 */
export class Deadlines {
  /** in the order in which they are due */
  private readonly waiting = new Set<Waiting>();
  private timer: NodeJS.Timeout | undefined;

  /** @param error what a promise rejects with that has not settled in time */
  constructor(
    private readonly timeoutMs: number,
    private readonly error: () => Error,
  ) {}

  /** Settles as the promise does, or rejects when its time is over. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { dueMs: performance.now() + this.timeoutMs, reject };
      this.waiting.add(waiting);
      this.timer ??= this.wake(this.timeoutMs);
      promise.then(
        (value) => {
          this.waiting.delete(waiting);
          resolve(value);
        },
        (error: Error) => {
          this.waiting.delete(waiting);
          reject(error);
        },
      );
    });
  }

  /** Lets the process end: what still waits has so many ms from now on. */
  close(withinMs: number): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.size > 0) this.timer = setTimeout(() => this.rejectAll(), withinMs);
  }

  /** In a process that was busy itself answers may have come that wait to be read: they are, before anything is judged. */
  private wake(inMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.timer === timer) this.expire();
      });
    }, inMs);
    return timer;
  }

  private expire(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const waiting of this.waiting) {
      if (waiting.dueMs > now) {
        this.timer = this.wake(waiting.dueMs - now);
        return;
      }
      this.fail(waiting);
    }
  }

  private rejectAll(): void {
    this.timer = undefined;
    for (const waiting of this.waiting) this.fail(waiting);
  }

  private fail(waiting: Waiting): void {
    this.waiting.delete(waiting);
    waiting.reject(this.error());
  }
}
