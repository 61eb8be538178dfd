import type { Claimant, SupervisorBroker } from '../broker/broker.js';
import { PeriodicLoop } from '../scheduler/periodic-loop.js';
import { monotonicMs, type ScoreboardReader, SURELY_UNSTARTED_MS } from './scoreboard.js';

const RETRY_MS = 200;
/** The least time between two looks. */
const PAUSE_MS = 5;

/** A child as the rebalancer sees it. */
export interface Seat {
  readonly claimant?: Claimant;
  readonly scoreboard: Pick<ScoreboardReader, 'read'>;
}

/**
 * Gives back what a child claimed but did not start.
 *
 * A child does that itself when its time window closes, unless the task it runs blocks its event loop. Then the
 * scoreboard shows what it cannot say; and as it may start nothing of that claim any more, nothing can start twice.
 */
export class Rebalancer {
  private readonly loop: PeriodicLoop;
  private readonly done = new WeakMap<Seat, number>();

  constructor(
    private readonly broker: Pick<SupervisorBroker, 'holdings' | 'release'>,
    private readonly seats: () => Iterable<Seat>,
    onError: (error: unknown) => void,
  ) {
    this.loop = new PeriodicLoop(() => this.tick(), { retryMs: RETRY_MS, onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** @returns when to look again, in ms: when the window of a claim that it has seen closes, or of one made just now */
  async tick(): Promise<number> {
    let nextMs = SURELY_UNSTARTED_MS;
    for (const seat of [...this.seats()]) {
      const { claimedAtMs, claimNumber } = seat.scoreboard.read();
      if (!seat.claimant || this.done.get(seat) === claimNumber) continue;
      const inMs = claimedAtMs + SURELY_UNSTARTED_MS - monotonicMs();
      if (inMs < 0) await this.relieve(seat, seat.claimant, claimNumber);
      // of a claim that is under way it is not known yet
      else if (inMs < nextMs) nextMs = inMs;
    }
    return Math.max(Math.ceil(nextMs), PAUSE_MS);
  }

  private async relieve(seat: Seat, claimant: Claimant, claimNumber: number): Promise<void> {
    const held = await this.broker.holdings(claimant);
    // read again, after the holdings: what they contain and this claim did not start cannot have been finished before
    const now = seat.scoreboard.read();
    if (held.claimNumber !== claimNumber || now.claimNumber !== claimNumber) return;
    const unstarted = held.ids.filter((id) => !now.started.has(id));
    if (unstarted.length > 0) await this.broker.release(claimant, unstarted, claimNumber);
    this.done.set(seat, claimNumber);
  }
}
