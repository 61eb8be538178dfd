import type { Time } from './virtual-clock.js';

interface Waiter {
  readonly names: readonly string[];
  readonly end: (rang: boolean) => void;
}

/** Bells and alarms: each holds at most a token, which wakes one who waits for it. */
export class MemoryTokens {
  private readonly ringing = new Set<string>();
  private readonly waiters = new Set<Waiter>();
  private ended = false;

  constructor(private readonly clock: Time) {}

  ring(name: string): void {
    this.ringing.add(name);
    const [waiter] = [...this.waiters].filter(({ names }) => names.includes(name));
    if (waiter && this.ringing.delete(name)) waiter.end(true);
  }

  rings(name: string): boolean {
    return this.ringing.has(name);
  }

  silence(name: string): void {
    this.ringing.delete(name);
  }

  /** Resolves to true once one of them rings, and silences it; to false when the clock is moved beyond the timeout. */
  wait(names: readonly string[], timeoutMs: number): Promise<boolean> {
    if (this.ended) return Promise.resolve(false);
    const ringing = names.find((name) => this.ringing.delete(name));
    if (ringing !== undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.clock.at(this.clock.now() + timeoutMs, () => waiter.end(false));
      const waiter: Waiter = {
        names,
        end: (rang) => {
          cancel();
          this.waiters.delete(waiter);
          resolve(rang);
        },
      };
      this.waiters.add(waiter);
    });
  }

  /** Ends all waits, and those to come. */
  end(): void {
    this.ended = true;
    for (const waiter of [...this.waiters]) waiter.end(false);
  }
}
