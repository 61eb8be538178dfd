import type { CronInfo } from '../cron-info.js';
import { upcomingOf } from '../cron-times.js';

/** Expressions are due no more often, in ms; for a shorter run their times need not be found. */
const SHORTEST_MS = 1_000;

/** A cron whose last run took longer than the time between its next two. */
export interface SlowCron {
  readonly name: string;
  readonly overlap: CronInfo['overlap'];
  readonly tookMs: number;
  readonly everyMs: number;
}

/** Those that are fired, the slowest for its interval first. */
export function slowCrons(crons: readonly CronInfo[], at: Date): SlowCron[] {
  return crons
    .flatMap((cron) => slowOf(cron, at) ?? [])
    .sort((a, b) => b.tookMs / b.everyMs - a.tookMs / a.everyMs || (a.name < b.name ? -1 : 1));
}

function slowOf(cron: CronInfo, at: Date): SlowCron | undefined {
  const { name, overlap, lastRun, nextRun, everyMs } = cron;
  const tookMs = lastRun?.durationMs ?? 0;
  if (nextRun === undefined || tookMs <= Math.min(everyMs ?? SHORTEST_MS, SHORTEST_MS)) return undefined;
  const intervalMs = everyMs ?? distanceOf(cron, at);
  return tookMs > intervalMs ? { name, overlap, tookMs, everyMs: intervalMs } : undefined;
}

function distanceOf(cron: CronInfo, at: Date): number {
  const [first, second] = upcomingOf(cron, { after: at.getTime(), count: 2 });
  return first && second ? second.getTime() - first.getTime() : Number.POSITIVE_INFINITY;
}
