import type { CronDeclaration } from '../cron/cron-definition.js';
import { type Instants, instantsOf } from '../cron/cron-schedule.js';
import { dueInstants, pastFor } from '../cron/due-instants.js';
import { type MissedInstants, MOST_COUNTED, missedInstants } from '../cron/missed-instants.js';

/** A cron that is paused is looked at no more often, in ms: so much later it may go on after `resume()`. */
const PAUSED_LOOK_MS = 5_000;

/** Times of a cron that have come due. */
export interface DueTimes {
  readonly due: readonly number[];
  readonly overflow: boolean;
  readonly missed: MissedInstants | undefined;
}

/** Times that follow each other, as they were found when all before them had been dealt with. */
interface Upcoming {
  /** up to when the record of the cron was settled */
  readonly settled: number;
  readonly next: number;
  readonly following: number;
}

/**
 * A cron that a loop looks at, and when it is due.
 *
 * To find a time of an expression takes 50 to 200 us, and hundreds of crons may be due in one moment. So it keeps the next two times: with them
 * a look at a cron that is due finds nothing out, and one time is found when its run has been fired.
 */
export class LookedAtCron {
  /** before this time nothing new comes due, so nothing need be computed; in the past while times may be due */
  quietUntil = 0;
  private paused = false;
  private upcoming: Upcoming | undefined;
  private readonly instants: Instants;

  constructor(readonly cron: CronDeclaration) {
    this.instants = instantsOf(cron.schedule, `cron "${cron.name}"`);
  }

  /** The first time that has not been dealt with, as far as is known. */
  get next(): number {
    return this.upcoming?.next ?? Number.POSITIVE_INFINITY;
  }

  /** What came due while it was paused is not made up for. */
  notePause(paused: boolean): void {
    if (this.paused && !paused) this.forget();
    this.paused = paused;
  }

  /** What was found out is no longer valid. */
  forget(): void {
    this.quietUntil = 0;
    this.upcoming = undefined;
  }

  /**
   * Which times are due, oldest first, whether older ones were left out because there are too many, and which were left out.
   *
   * @param settled up to when its record says that what came due has been dealt with
   * @param most of those that were left out so many are counted
   */
  due(settled: number, now: number, most = MOST_COUNTED): DueTimes {
    const { upcoming, cron } = this;
    // a record that is older than it was has come back after a failover, and is to make up for more
    if (this.paused) return { due: [], overflow: false, missed: undefined };
    if (upcoming === undefined || settled < upcoming.settled || upcoming.following <= now) {
      const found = dueInstants(this.instants, cron, settled, now);
      return { ...found, missed: this.missedOf(found, settled, now, most) };
    }
    const { next } = upcoming;
    if (next > now || next <= settled) return { due: [], overflow: false, missed: undefined };
    if (next > pastFor(cron, settled, now)) return { due: [next], overflow: false, missed: undefined };
    const missed = { settled, first: next, last: next, count: 1, more: false, reason: 'no-worker' } as const;
    return { due: [], overflow: false, missed };
  }

  /** Those between what was dealt with and what is due now. */
  private missedOf(
    { due: [first], overflow }: Omit<DueTimes, 'missed'>,
    settled: number,
    now: number,
    most: number,
  ): MissedInstants | undefined {
    if (first === undefined && this.cron.missed !== 'skip') return undefined;
    const before = first ?? pastFor(this.cron, settled, now) + 1;
    return missedInstants(this.instants, { settled, before, reason: overflow ? 'too-many' : 'no-worker' }, most);
  }

  /**
   * All times up to now have been dealt with.
   *
   * @param settled up to when its record is settled at least
   */
  settle(settled: number, now: number): void {
    const { next = now, following = now } = this.upcoming ?? {};
    const first = [next, following].find((time) => time > now) ?? this.after(now);
    const second = first === next ? following : this.after(first);
    this.upcoming = { settled, next: first, following: second };
    const isFrequent = this.paused && second - first < PAUSED_LOOK_MS;
    this.quietUntil = isFrequent ? now + PAUSED_LOOK_MS : first;
  }

  private after(time: number): number {
    if (time === Number.POSITIVE_INFINITY) return time;
    return this.instants.next(time) ?? Number.POSITIVE_INFINITY;
  }
}
