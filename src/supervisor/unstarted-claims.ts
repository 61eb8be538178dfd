import type { Claimant, SupervisorBroker } from '../broker/port/broker.js';
import { monotonicMs, type ScoreboardReader } from '../ipc/scoreboard.js';
import { PeriodicLoop } from '../maintenance/periodic-loop.js';

/** A look costs some microseconds a child, and a task that waits beside an idle child waits for the next one. */
const INTERVAL_MS = 20;

/** A child as the unstartedClaims sees it. */
export interface Seat {
  readonly claimant?: Claimant;
  readonly scoreboard: Pick<ScoreboardReader, 'read' | 'window'>;
}

/**
 * Gives back what a child claimed but did not start.
 *
 * A child does that itself when its time window closes, unless the task it runs blocks its event loop. Then the
 * scoreboard shows what it cannot say; and as it may start nothing of that claim any more, nothing can start twice.
 */
export class UnstartedClaims extends PeriodicLoop {
  private readonly relieved = new WeakMap<Seat, number>();

  constructor(
    private readonly broker: Pick<SupervisorBroker, 'holdings' | 'release'>,
    private readonly seats: () => Iterable<Seat>,
    onError: (error: unknown) => void,
  ) {
    super(INTERVAL_MS, onError);
  }

  async tick(): Promise<number> {
    for (const seat of [...this.seats()]) {
      if (this.isGone(seat)) continue;
      const { untilMs, claimNumber } = seat.scoreboard.window();
      if (!seat.claimant || monotonicMs() <= untilMs || this.relieved.get(seat) === claimNumber) continue;
      await this.relieve(seat, seat.claimant, claimNumber);
    }
    return INTERVAL_MS;
  }

  private async relieve(seat: Seat, claimant: Claimant, claimNumber: number): Promise<void> {
    const held = await this.broker.holdings(claimant);
    if (this.isGone(seat)) return;
    // read again, after the holdings: what they contain and this claim did not start cannot have been finished before
    const { started } = seat.scoreboard.read();
    const now = seat.scoreboard.window();
    const passed = monotonicMs() > now.untilMs;
    if (!passed || held.claimNumber > claimNumber || now.claimNumber !== claimNumber) return;
    const unstarted = held.ids.filter((id) => !started.has(id));
    if (unstarted.length > 0) await this.broker.release(claimant, unstarted, held.claimNumber);
    // a claim that is still on its way to Redis may bring more
    if (held.claimNumber === claimNumber) this.relieved.set(seat, claimNumber);
  }

  /** Its child has ended since, which settles what it held; what it had noted cannot be read any more. */
  private isGone(seat: Seat): boolean {
    return ![...this.seats()].includes(seat);
  }
}
