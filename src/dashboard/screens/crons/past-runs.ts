import type { RatePoint } from '../../../inspector/metrics/metrics-report.js';
import { failuresOf } from '../../../task/task-counts.js';
import type { Call } from '../../http/route.js';
import { SPAN_MS } from '../../http/span.js';
import { detached } from '../../live/shared.js';
import type { KeptRun, PastRuns } from './wire.js';

/** Counts of a week are kept by ten minutes: so many are an hour. */
const TENS = 6;
const MOST_KEPT = 10;
/** Among many dead tasks those of a cron may be rare; the page waits no longer. */
const WITHIN = '1s';
/** A week is many counts, and changes slowly; in ms. */
const HOURS_KEPT_MS = 300_000;
const RUNS_KEPT_MS = 10_000;

/** What is known of runs before the last one. No run is written down for this: it is what counts, and tasks that Redis keeps. */
export async function pastRuns(call: Call, cron: string): Promise<PastRuns> {
  const { shared } = call.live;
  const [hours, kept] = await Promise.all([
    shared.read(['cron hours', cron], () => hoursOf(call, cron), HOURS_KEPT_MS),
    shared.read(['cron kept', cron], () => keptRuns(call, cron), RUNS_KEPT_MS),
  ]);
  return { hours, kept };
}

async function hoursOf({ inspector }: Call, task: string): Promise<PastRuns['hours']> {
  const { points } = await inspector.metrics.rates({ from: new Date(Date.now() - SPAN_MS.week), task });
  const hours: RatePoint[][] = [];
  for (let at = 0; at < points.length; at += TENS) hours.push(points.slice(at, at + TENS));
  const each = (of: (point: RatePoint) => number): number[] =>
    hours.map((hour) => hour.reduce((sum, point) => sum + of(point), 0));
  return {
    at: hours.map(([first]) => first?.at.getTime() ?? 0),
    done: each(({ done }) => done),
    failed: each(failuresOf),
  };
}

async function keptRuns({ inspector }: Call, task: string): Promise<readonly KeptRun[]> {
  const [dead, done] = await Promise.all([
    inspector.dead.list({ task }, { limit: MOST_KEPT, within: WITHIN }),
    inspector.tasks.list({ task, state: 'done', limit: MOST_KEPT }),
  ]);
  const runs: KeptRun[] = [
    ...dead.tasks.map(({ id, diedAt, error }) => ({ id, outcome: 'dead' as const, at: diedAt.getTime(), error })),
    ...done.tasks.map(({ id, startedAt, endedAt }) => {
      const at = endedAt?.getTime() ?? 0;
      return { id, outcome: 'done' as const, at, tookMs: at - (startedAt?.getTime() ?? at) };
    }),
  ];
  return detached(runs.sort((a, b) => b.at - a.at).slice(0, MOST_KEPT));
}
