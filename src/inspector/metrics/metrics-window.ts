import type { MetricsRange } from '../../broker/port/broker.js';
import { toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { assertQueueName } from '../../values/task-name.js';
import type { MetricsFilter, RatesOptions, SummaryOptions } from './metrics-report.js';

const MINUTE_MS = 60_000;
/** How long minutes are kept. */
const MINUTES_MS = 180 * MINUTE_MS;
/** How long ten minutes are kept. */
const TENS_MS = 7 * 86_400_000;

/** @throws NestworkError INVALID_OPTION, INVALID_NAME */
export function rangeOfRates(options: RatesOptions, now: number): MetricsRange {
  assertKnownOptions(options, ['from', 'to', 'points', 'task', 'queue'], 'rates()');
  assertFilter(options);
  const { from, to = new Date(now), points = 1 } = options;
  if (!Number.isInteger(points) || points < 1) {
    throw invalid('points', `is ${shown(points)}`, 'Give a whole number from 1, or leave it out.');
  }
  for (const [name, value] of Object.entries({ from, to })) assertDate(name, value);
  if (from > to) throw invalid('from', 'is later than `to`', 'Give the earlier one as `from`.');
  return rangeOf(from.getTime(), to.getTime(), now);
}

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION, INVALID_NAME */
export function rangeOfSummary(options: SummaryOptions, now: number): MetricsRange {
  assertKnownOptions(options, ['last', 'task', 'queue'], 'summary()');
  assertFilter(options);
  const lastMs = toMilliseconds(options.last, 'last');
  if (lastMs > TENS_MS) throw invalid('last', 'is more than 7 days, for which counts are kept', 'Give a shorter time.');
  return rangeOf(now - lastMs, now, now);
}

/** Nothing older is there, and nothing later: so much is read at most. */
function rangeOf(from: number, to: number, now: number): MetricsRange {
  const minutes = from >= now - MINUTES_MS ? 1 : 10;
  return { minutes, from: Math.max(from, now - TENS_MS), to: Math.min(to, now) };
}

function assertFilter({ task, queue }: MetricsFilter): void {
  if (queue !== undefined) assertQueueName(queue, 'the option `queue`');
  if (task === undefined || (typeof task === 'string' && task !== '')) return;
  throw invalid('task', `is ${shown(task)}`, "Give the name of a task, for example 'ReportTasks.send'.");
}

function assertDate(name: string, value: unknown): void {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return;
  throw invalid(name, `is ${shown(value)}, and no valid Date`, 'Give a Date: new Date(Date.now() - 3_600_000).');
}
