import { type MissedInstants, MOST_COUNTED } from '../cron/missed-instants.js';

/** A record this far ahead of Redis was written under a clock that has been set back. A failover may cost seconds. */
export const AHEAD_MS = 60_000;
/** Of times that were left out, so many are counted in one look at many crons: to find one takes up to 200 us. */
const MOST_COUNTED_AT_ONCE = 2_000;

/**
 * Looks at many crons, which share how many times that were left out may be counted.
 *
 * @param lookAt undefined for one that has nothing due; of its missed times it counts `most`
 */
export function lookAtMany<Cron, Look extends { readonly missed: MissedInstants | undefined }>(
  crons: readonly Cron[],
  lookAt: (cron: Cron, most: number) => Look | undefined,
): Look[] {
  let left = MOST_COUNTED_AT_ONCE;
  return crons.flatMap((cron) => {
    const look = lookAt(cron, Math.min(left, MOST_COUNTED));
    left -= look?.missed?.count ?? 0;
    return look ?? [];
  });
}
