import type { CronMissedReason } from './cron-history.js';
import type { Instants } from './cron-schedule.js';

/** Instants of one cron that are counted at most: to find one takes up to 200 us. */
export const MOST_COUNTED = 1_000;

/** Instants of a cron that are left out, in ms since 1970. */
export interface MissedInstants {
  /** up to when the cron was settled: they are noted only if it still is */
  readonly settled: number;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** whether there are more than `count` */
  readonly more: boolean;
  readonly reason: CronMissedReason;
}

/** How far a cron has been dealt with, and up to where its instants are left out, which is not among them. */
interface Gap {
  readonly settled: number;
  readonly before: number;
  readonly reason: CronMissedReason;
}

/**
 * The instants of a gap; undefined when there are none.
 *
 * @param most how many are counted
 */
export function missedInstants(
  instants: Instants,
  { settled, before, reason }: Gap,
  most = MOST_COUNTED,
): MissedInstants | undefined {
  const first = instants.next(settled);
  if (first === undefined || first >= before) return undefined;
  let [count, last] = [1, first];
  for (let at = instants.next(first); at !== undefined && at < before; at = instants.next(at)) {
    if (count >= most)
      return { settled, first, last: instants.latest(before - 1, 1)[0] ?? at, count, more: true, reason };
    count += 1;
    last = at;
  }
  return { settled, first, last, count, more: false, reason };
}
