import type { LoggerService } from '@nestjs/common';
import { PeriodicLoop } from '../maintenance/periodic-loop.js';
import type { ChildProcess } from './child-process.js';

const INTERVAL_MS = 1_000;
/** After this time without its first claim, a child is logged, in ms. */
const SLOW_MS = 30_000;
/** Where to look when a boot does not end. */
const LIKELY_CAUSES =
  'A lifecycle hook, a factory or an import of the app may be waiting for something that never comes';

export type Booting = Pick<ChildProcess, 'pid' | 'forkedAtMs' | 'booted' | 'bootFailed' | 'claimant' | 'failBoot'>;

export interface BootWatchOptions {
  /** after which time a child is ended that has not booted; undefined: never */
  readonly timeoutMs: number | undefined;
  readonly children: () => Iterable<Booting>;
  readonly logger: Pick<LoggerService, 'warn'>;
}

/**
 * Watches children until their first claim. A hook or an import that waits for ever shows nowhere else, and neither does a
 * Redis that does not admit a child. It watches from outside, because a child can block.
 */
export class BootWatch extends PeriodicLoop {
  private readonly logged = new WeakSet<Booting>();
  private readonly failed = new WeakSet<Booting>();

  constructor(private readonly options: BootWatchOptions) {
    super(INTERVAL_MS, () => {});
  }

  async tick(): Promise<number> {
    for (const child of [...this.options.children()]) {
      if (child.claimant) continue;
      const ageMs = performance.now() - child.forkedAtMs;
      if (!child.booted) this.limit(child, ageMs);
      if (ageMs > SLOW_MS && !this.logged.has(child)) this.log(child);
    }
    return INTERVAL_MS;
  }

  private limit(child: Booting, ageMs: number): void {
    const { timeoutMs = Number.POSITIVE_INFINITY } = this.options;
    if (ageMs > timeoutMs)
      child.failBoot(`it had not booted within its \`bootTimeout\` of ${timeoutMs / 1_000} s. ${LIKELY_CAUSES}.`);
    // a child that has reported the reason ends by itself, unless code at its exit hangs
    else if (this.failed.has(child)) child.failBoot('it had not ended after its boot had failed');
    else if (child.bootFailed) this.failed.add(child);
  }

  private log(child: Booting): void {
    this.logged.add(child);
    const lasts = `for ${SLOW_MS / 1_000} s`;
    this.options.logger.warn(
      child.booted
        ? `Child ${child.pid} runs no tasks: it has booted, and has waited ${lasts} for Redis to admit it.`
        : `Child ${child.pid} runs no tasks: it has been booting ${lasts}. ${LIKELY_CAUSES}; with ` +
            'a `bootTimeout` the supervisor ends such a child and forks another.',
    );
  }
}
