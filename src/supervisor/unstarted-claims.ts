import type { Claimant, SupervisorBroker } from '../broker/port/broker.js';
import { monotonicMs } from '../ipc/monotonic-clock.js';
import { PeriodicLoop } from '../maintenance/periodic-loop.js';
import type { Child, Children } from './child.js';

/** A look costs some microseconds a child, and a task that waits beside an idle child waits for the next one. */
const INTERVAL_MS = 20;

type Seat = Pick<Child, 'claimant' | 'scoreboard'>;

/**
 * Gives back tasks that a child claimed but did not start.
 *
 * A child does that itself when its time window closes, unless its running task blocks the event loop. Then the scoreboard
 * shows which tasks were not started. The child may start none of them after that time, so no task starts twice.
 */
export class UnstartedClaims extends PeriodicLoop {
  private readonly relieved = new WeakMap<Seat, number>();

  constructor(
    private readonly broker: Pick<SupervisorBroker, 'holdings' | 'release'>,
    private readonly seats: Children<keyof Seat>,
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
    // read again, after the holdings: a held task without an entry was not started and finished in between
    const { started } = seat.scoreboard.read();
    const now = seat.scoreboard.window();
    const passed = monotonicMs() > now.untilMs;
    if (!passed || held.claimNumber > claimNumber || now.claimNumber !== claimNumber) return;
    const unstarted = held.ids.filter((id) => !started.has(id));
    if (unstarted.length > 0) await this.broker.release(claimant, unstarted, held.claimNumber);
    // a claim that is still on its way to Redis may bring more
    if (held.claimNumber === claimNumber) this.relieved.set(seat, claimNumber);
  }

  /** Its child has ended since. That settles the tasks that it held; its scoreboard cannot be read any more. */
  private isGone(seat: Seat): boolean {
    return ![...this.seats()].includes(seat);
  }
}
