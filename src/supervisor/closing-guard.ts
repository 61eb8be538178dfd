import type { SupervisorBroker } from '../broker/port/broker.js';
import { PeriodicLoop } from '../maintenance/periodic-loop.js';
import type { ChildProcess } from './child-process.js';

const INTERVAL_MS = 1_000;

export type Leaving = Pick<ChildProcess, 'dismissed' | 'killed' | 'claimant' | 'scoreboard' | 'mailbox' | 'endFor'>;

export interface ClosingGuardOptions {
  readonly broker: Pick<SupervisorBroker, 'holdings'>;
  /** how long a child that runs nothing more may take to close its app and end */
  readonly limitMs: number;
  /** how long a child waits for a broadcast before it closes its app */
  readonly broadcastMs: number;
  readonly children: () => Iterable<Leaving>;
  readonly onError: (error: unknown) => void;
}

/** Since when a child has had nothing left to do but to end. */
interface Idle {
  readonly sinceMs: number;
  /** but for a broadcast */
  readonly busy: boolean;
}

/**
 * Ends children that were asked to end and do not, although they run no task and hold none: their app does not close. It
 * does so from outside, because a hook can block the process.
 */
export class ClosingGuard extends PeriodicLoop {
  private readonly idle = new WeakMap<Leaving, Idle>();

  constructor(private readonly options: ClosingGuardOptions) {
    super(INTERVAL_MS, options.onError);
  }

  /** Costs nothing while no child is leaving. */
  async tick(): Promise<number> {
    const leaving = [...this.options.children()].filter(({ dismissed, killed }) => dismissed && !killed);
    await Promise.all(leaving.map((child) => this.look(child)));
    return INTERVAL_MS;
  }

  private async look(child: Leaving): Promise<void> {
    if (!child.claimant) return;
    // Redis first: the child cannot start a task that Redis no longer counts among its claims
    const { ids } = await this.options.broker.holdings(child.claimant);
    if (this.isGone(child)) return;
    if (ids.length > 0 || child.scoreboard.read().running.length > 0) return void this.idle.delete(child);
    const { busy } = child.mailbox;
    const known = this.idle.get(child);
    if (known?.busy !== busy) return void this.idle.set(child, { sinceMs: performance.now(), busy });
    const limitMs = this.options.limitMs + (busy ? this.options.broadcastMs : 0);
    if (performance.now() - known.sinceMs <= limitMs) return;
    child.endFor(
      [],
      `its last task ended more than ${limitMs / 1_000} s ago, and its app has not closed (onModuleDestroy, ` +
        'beforeApplicationShutdown, onApplicationShutdown)',
    );
  }

  /** It has ended since; its scoreboard cannot be read any more. */
  private isGone(child: Leaving): boolean {
    return ![...this.options.children()].includes(child);
  }
}
