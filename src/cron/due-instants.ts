import type { CronDefinition } from './cron-definition.js';
import type { Instants } from './cron-schedule.js';

/** Runs of one cron that are made up for at most. */
export const MOST_MADE_UP = 1_000;

/** What decides about instants at which no run was fired. */
type MakesUp = Pick<CronDefinition, 'missed' | 'thresholdMs'>;

/**
 * The time up to which no instant of a cron is to be run any more.
 *
 * @param settled up to when what came due has been dealt with
 */
export function pastFor({ missed, thresholdMs }: MakesUp, settled: number, now: number): number {
  return missed === 'skip' ? Math.max(settled, now - thresholdMs - 1) : settled;
}

/**
 * Which instants of a cron are to be run now.
 *
 * @param settled up to when what came due has been dealt with
 * @returns the instants, oldest first, and whether older ones were left out because there are too many
 */
export function dueInstants(
  instants: Instants,
  cron: MakesUp,
  settled: number,
  now: number,
): { due: number[]; overflow: boolean } {
  const after = pastFor(cron, settled, now);
  if (cron.missed === 'latest') return { due: instants.latest(now, 1).filter((at) => at > after), overflow: false };
  const due: number[] = [];
  for (let at = instants.next(after); at !== undefined && at <= now; at = instants.next(at)) {
    if (due.length === MOST_MADE_UP) return { due: instants.latest(now, MOST_MADE_UP), overflow: true };
    due.push(at);
  }
  return { due, overflow: false };
}
