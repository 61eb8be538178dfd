import type { CronState } from '../broker/port/broker.js';
import { type CronDeclaration, countsFromEnd, releaseRunAt } from '../cron/cron-definition.js';
import { type Instants, instantsOf } from '../cron/cron-schedule.js';
import { dueInstants, pastFor } from '../cron/due-instants.js';
import { type MissedInstants, MOST_COUNTED, missedInstants } from '../cron/missed-instants.js';
import { AHEAD_MS } from './cron-looks.js';

/** A cron that is paused is looked at no more often, in ms: so much later it may go on after `resume()`. */
const PAUSED_LOOK_MS = 5_000;

/** Times of a cron that have come due. */
export interface DueTimes {
  readonly due: readonly number[];
  readonly overflow: boolean;
  readonly missed: MissedInstants | undefined;
  /** which of them is the run of a release */
  readonly immediate?: number;
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
  private exhausted = false;
  private upcoming: Upcoming | undefined;
  private instants: Instants;
  /** of one that counts from it: the end of its last run; undefined while one is under way */
  private endedAt: number | undefined;
  /** no time before */
  private beginsAt: number | undefined;
  /** of its run of the release, until that is fired */
  private immediateAt: number | undefined;

  constructor(readonly cron: CronDeclaration) {
    this.instants = this.instantsFrom(undefined);
  }

  /** The first time that has not been dealt with, as far as is known. */
  get next(): number {
    return this.upcoming?.next ?? Number.POSITIVE_INFINITY;
  }

  /** Whether all runs that its limit allows were fired. */
  get isExhausted(): boolean {
    return this.exhausted;
  }

  /** How its record stands. */
  note(state: CronState, now: number): void {
    // what came due while it was paused is not made up for
    if (this.paused && !state.paused) this.forget();
    this.paused = state.paused;
    this.noteExhausted(this.isExhaustedIn(state));
    const [endedAt, beginsAt] = [this.endOf(state), this.atRelease(state.begins, now)];
    const immediateAt = this.atRelease(releaseRunAt(this.cron, state.immediate), now);
    if (immediateAt !== this.immediateAt) this.forget();
    this.immediateAt = immediateAt;
    if (endedAt === this.endedAt && beginsAt === this.beginsAt) return;
    this.endedAt = endedAt;
    this.beginsAt = beginsAt;
    this.instants = this.instantsFrom(endedAt);
    this.forget();
  }

  /** All runs that its limit allows were fired, or no longer: the record is older after a failover, or begins anew. */
  noteExhausted(exhausted: boolean): void {
    if (this.exhausted && !exhausted) this.forget();
    this.exhausted = exhausted;
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
    const times = this.dueTimes(settled, now, most);
    const { immediateAt = Number.POSITIVE_INFINITY } = this;
    if (immediateAt > now || this.paused || this.exhausted) return times;
    const due = [...times.due.filter((time) => time !== immediateAt), immediateAt].sort((a, b) => a - b);
    return { ...times, due, immediate: immediateAt };
  }

  private dueTimes(settled: number, now: number, most: number): DueTimes {
    const { upcoming, cron } = this;
    // a record that is older than it was has come back after a failover, and is to make up for more
    if (this.paused || this.exhausted) return { due: [], overflow: false, missed: undefined };
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
    if (this.exhausted) this.quietUntil = Number.POSITIVE_INFINITY;
    else if (this.paused && second - first < PAUSED_LOOK_MS) this.quietUntil = now + PAUSED_LOOK_MS;
    else this.quietUntil = first === Number.POSITIVE_INFINITY ? this.lookForEnd(now) : first;
    const { immediateAt = 0 } = this;
    if (immediateAt > now && !this.exhausted) this.quietUntil = Math.min(this.quietUntil, immediateAt);
  }

  /** When it is due next if its record stays as it is. */
  nextAfter(now: number, state: CronState): number | undefined {
    if (state.paused || this.isExhaustedIn(state)) return undefined;
    this.note(state, now);
    const [next, immediate] = [this.instants.next(now), this.immediateAt ?? 0];
    return immediate > now ? Math.min(immediate, next ?? immediate) : next;
  }

  /** Its first time after another by its schedule, as if it were not paused. */
  firstAfter(time: number): number | undefined {
    return this.instants.next(time);
  }

  /** Whether it counts from the end of its runs, has none, and lacks the note of the end of the last one. */
  lacksEnd(state: CronState, latest: number): boolean {
    if (!countsFromEnd(this.cron.schedule) || state.paused || state.heldIn !== undefined) return false;
    return state.ended === undefined || state.ended < state.settledUntil || state.ended > latest;
  }

  private endOf({ settledUntil, ended, heldIn }: CronState): number | undefined {
    return heldIn === undefined && ended !== undefined && ended >= settledUntil ? ended : undefined;
  }

  private instantsFrom(endedAt: number | undefined): Instants {
    const { schedule, name } = this.cron;
    const { startAt = Number.NEGATIVE_INFINITY } = schedule;
    const from = this.beginsAt === undefined ? schedule : { ...schedule, startAt: Math.max(startAt, this.beginsAt) };
    return instantsOf(from, `cron "${name}"`, endedAt);
  }

  /** A time that a release has set; undefined where a clock that was set back since was further ahead. */
  private atRelease(at: number | undefined, now: number): number | undefined {
    const { delayMs } = this.cron.atRelease ?? { delayMs: 0 };
    return at === undefined || at > now + delayMs + AHEAD_MS ? undefined : at;
  }

  /** The next time is so long after the end of a run: with a look as often, none is too late. */
  private lookForEnd(now: number): number {
    const { schedule } = this.cron;
    const { endAt = Number.POSITIVE_INFINITY } = schedule;
    return countsFromEnd(schedule) && now <= endAt ? now + schedule.everyMs : Number.POSITIVE_INFINITY;
  }

  private isExhaustedIn({ fires = 0 }: CronState): boolean {
    return fires >= (this.cron.limit ?? Number.POSITIVE_INFINITY);
  }

  private after(time: number): number {
    if (time === Number.POSITIVE_INFINITY) return time;
    return this.instants.next(time) ?? Number.POSITIVE_INFINITY;
  }
}
