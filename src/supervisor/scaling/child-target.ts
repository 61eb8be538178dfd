import { counted } from '../../values/counted.js';

/** Looks in a row that must find too few children before there are more: a burst that lasts a moment is no backlog. */
const LOOKS_TO_GROW = 2;
/** How long after a child ended by itself there are no more, in ms: more children would die of the same cause. */
const CRASH_PAUSE_MS = 10_000;

/** How many children a worker may have. */
export interface ChildLimits {
  readonly min: number;
  readonly max: number;
  /** how long fewer children must have been enough, in ms */
  readonly shrinkAfterMs: number;
}

/** A worker at one moment. */
export interface Look {
  readonly nowMs: number;
  /** tasks that can be claimed now from the queues that it serves */
  readonly waiting: number;
  /** tasks that its children run */
  readonly active: number;
  /** children that claim */
  readonly working: number;
  /** for how many more children there is memory */
  readonly room: number;
}

/** How many children there are to be from now on, and why. */
export interface Resize {
  /** how many there were to be until now */
  readonly from: number;
  readonly children: number;
  readonly reason: string;
}

/**
 * Decides how many children a worker is to have.
 *
 * It compares the number of children with the number that all tasks, waiting and active, would fill. It grows when every child
 * works and two looks in a row find too few: by as many as are needed, and at most to the double. It shrinks when fewer have been
 * enough for all of `shrinkAfterMs`, to the most that were needed in that time. So it does not swing between two numbers.
 */
export class ChildTarget {
  private current: number;
  /** what the last looks in a row needed, each of them more than there are */
  private shortages: number[] = [];
  /** since when fewer have been enough, and the most that were needed since */
  private surplus: { readonly sinceMs: number; most: number } | undefined;
  private crashedMs = Number.NEGATIVE_INFINITY;
  /** Memory has kept it from growing, and that was reported. */
  private cramped = false;

  constructor(
    private readonly limits: ChildLimits,
    /** tasks that one child runs at once */
    private readonly concurrency: number,
    /** Memory keeps it from growing; once, until it has grown. */
    private readonly onCramped: () => void = () => {},
  ) {
    this.current = limits.min;
  }

  /** A child ended by itself. */
  crashed(nowMs: number): void {
    this.crashedMs = nowMs;
    this.shortages = [];
  }

  /** Returns nothing when the number stays. */
  look(look: Look): Resize | undefined {
    const needed = Math.ceil((look.waiting + look.active) / this.concurrency);
    return this.grow(needed, look) ?? this.shrink(needed, look);
  }

  private grow(needed: number, { nowMs, waiting, active, working, room }: Look): Resize | undefined {
    const settled = working >= this.current && nowMs - this.crashedMs >= CRASH_PAUSE_MS;
    if (needed <= this.current || this.current >= this.limits.max || !settled) {
      this.shortages = [];
      return undefined;
    }
    this.shortages.push(needed);
    if (this.shortages.length < LOOKS_TO_GROW) return undefined;
    const wanted = Math.min(...this.shortages, this.current * 2, this.limits.max);
    this.shortages = [];
    if (room < 1) return this.reportCramped();
    this.cramped = false;
    const reason = `${counted(waiting, 'task waits', 'tasks wait')}, and ${counted(active, 'is', 'are')} active`;
    return this.resize(Math.min(wanted, this.current + Math.floor(room)), reason);
  }

  private shrink(needed: number, { nowMs }: Look): Resize | undefined {
    if (needed >= this.current) {
      this.surplus = undefined;
      return undefined;
    }
    this.surplus ??= { sinceMs: nowMs, most: this.limits.min };
    this.surplus.most = Math.max(this.surplus.most, needed);
    const { sinceMs, most } = this.surplus;
    if (nowMs - sinceMs < this.limits.shrinkAfterMs || most >= this.current) return undefined;
    return this.resize(most, `${counted(most, 'was', 'were')} enough for ${this.limits.shrinkAfterMs / 1_000} s`);
  }

  private resize(children: number, reason: string): Resize {
    const from = this.current;
    this.current = children;
    this.surplus = undefined;
    return { from, children, reason };
  }

  private reportCramped(): undefined {
    if (!this.cramped) this.onCramped();
    this.cramped = true;
  }
}
