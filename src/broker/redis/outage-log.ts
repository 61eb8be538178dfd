import type { OutageListener } from './outage.js';

/**
 * One line when Redis goes away, one for each reason that it gives itself, and one when it is back, however many commands
 * and attempts fail in between.
 */
export class OutageLog implements OutageListener {
  constructor(
    private readonly logger: Readonly<Record<'log' | 'warn' | 'error', (line: string) => void>>,
    private readonly onRestored: () => void = () => {},
  ) {}

  lost(where: string): void {
    this.logger.warn(`Lost Redis at ${where}; reconnecting.`);
  }

  /** An error, because Nest's logger for tests shows nothing else. */
  absent(what: string): void {
    this.logger.error(what);
  }

  refused(where: string, what: string): void {
    this.logger.warn(`Redis at ${where} ${what}; trying again.`);
  }

  restored(where: string, afterMs: number): void {
    this.logger.log(`Redis at ${where} is back after ${(afterMs / 1_000).toFixed(1)} s.`);
    this.onRestored();
  }

  warn(warning: string): void {
    this.logger.warn(warning);
  }
}
