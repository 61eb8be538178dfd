import type { RatePoint } from '../../../inspector/metrics/metrics-report.js';
import { failuresOf } from '../../../task/task-counts.js';
import type { Call } from '../../http/route.js';
import { SPAN_MS } from '../../http/span.js';
import type { PastHours } from './wire.js';

/** Counts of a week are kept by ten minutes: so many are an hour. */
const TENS = 6;
/** A week is many counts, and changes slowly; in ms. */
const KEPT_MS = 300_000;

/** How attempts of a task ended within the last week. */
export function pastHours(call: Call, task: string): Promise<PastHours> {
  return call.live.shared.read(['cron hours', task], () => hoursOf(call, task), KEPT_MS);
}

async function hoursOf({ inspector }: Call, task: string): Promise<PastHours> {
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
