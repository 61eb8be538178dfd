import type {
  CronBroker,
  CronRecord,
  CronRun,
  CronState,
  CronSurvey,
  DueRun,
  Firing,
} from '../../broker/port/broker.js';
import type { CronDeclaration } from '../../cron/cron-definition.js';
import type { MemoryStore } from './memory-store.js';
import { keyOf } from './message-edits.js';

interface Noted extends CronState {
  readonly declaration: CronDeclaration;
  settledUntil: number;
  paused: boolean;
  firedAt: number | undefined;
  skipped: number;
  lastRun: CronRun | undefined;
}

const UNTOUCHED = { paused: false, firedAt: undefined, skipped: 0, lastRun: undefined };

/** The records of the crons of one app, in memory. One worker declares them, so they stay the same and declared. */
export class MemoryCrons implements Omit<CronBroker, 'recordRun'> {
  private readonly crons = new Map<string, Noted>();

  constructor(private readonly store: MemoryStore) {}

  async survey(names: readonly string[]): Promise<CronSurvey> {
    const states = new Map<string, CronState>();
    for (const name of names) {
      const noted = this.crons.get(name);
      if (noted) states.set(name, { settledUntil: noted.settledUntil, paused: noted.paused });
    }
    return { now: this.store.now, states };
  }

  async declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void> {
    const { now } = this.store;
    for (const declaration of crons) {
      const former = this.crons.get(declaration.name);
      const settledUntil = former && former.settledUntil <= now + toleranceMs ? former.settledUntil : now;
      this.crons.set(declaration.name, { ...UNTOUCHED, ...former, declaration: plain(declaration), settledUntil });
    }
  }

  async fire({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, runs: readonly DueRun[]): Promise<Firing> {
    const noted = this.crons.get(name);
    if (!noted || noted.paused) return { known: noted !== undefined, fired: 0, skipped: 0 };
    let fired = 0;
    let skipped = 0;
    let heldIn: string | undefined;
    for (const { due, message } of runs) {
      if (due <= noted.settledUntil || due > this.store.now) continue;
      noted.settledUntil = due;
      const key = keyOf(message);
      const holder = key && this.store.unique.get(key.digest);
      if (holder) {
        skipped += 1;
        heldIn = holder.queue;
        continue;
      }
      if (key) this.store.unique.set(key.digest, { queue, message });
      this.store.queue(queue).pending.push(message);
      noted.firedAt = due;
      fired += 1;
    }
    noted.skipped += skipped;
    const firing = { known: true, fired, skipped, lastRun: noted.lastRun };
    return heldIn === undefined ? firing : { ...firing, heldIn };
  }

  /** The worker of a test serves all queues, so no run is stuck in another. */
  async moveRun(): Promise<boolean> {
    return false;
  }

  /** The worker of a test never ends, so none is left behind. */
  async forget(): Promise<number> {
    return 0;
  }

  recordRun(name: string, run: CronRun): void {
    const noted = this.crons.get(name);
    if (noted) noted.lastRun = plain(run);
  }

  async pause(name: string): Promise<boolean> {
    const noted = this.crons.get(name);
    if (noted) noted.paused = true;
    return noted !== undefined;
  }

  async resume(name: string): Promise<boolean> {
    const noted = this.crons.get(name);
    if (noted?.paused) {
      noted.paused = false;
      noted.settledUntil = this.store.now;
    }
    return noted !== undefined;
  }

  async records(): Promise<CronRecord[]> {
    return [...this.crons.values()].map(({ declaration, paused, firedAt, skipped, lastRun }) => {
      return { ...declaration, declared: true, paused, firedAt, skipped, lastRun };
    });
  }
}

/** As it comes back from Redis. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
