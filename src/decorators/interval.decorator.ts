import type { Duration } from '../values/duration.js';
import { shown } from '../values/shown.js';
import type { CronDecorator } from './cron-decorator-type.js';
import { assertCronOptions, type IntervalOptions, resolveCronOptions } from './cron-options.js';
import { intervalTimes } from './cron-times.js';
import { declareCron } from './declare-cron.js';
import { assertParentheses, methodPlace, misused } from './method-place.js';
import { namedLength } from './named-length.js';

/**
 * Makes a method of a provider a task that the workers run at a fixed distance, each time once in the whole cluster.
 *
 * The clock decides, not the start of a process: it is due at every multiple of the interval since 1970-01-01T00:00Z.
 * So `'1h'` runs at the full hour, and restarts move nothing. With `from: 'end'` the distance is one from the end of a run to the next.
 * Its method is called without arguments.
 *
 * @param every at least 100 ms: each run is a task, which takes some round trips to Redis and a worker that wakes up. For less keep
 * `setInterval()` in the process that needs it
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION while the class is being defined
 * @example
 * @Injectable()
 * class InboxTasks {
 *   @Interval('30s', { overlap: 'skip' })
 *   async poll() {}
 * }
 */
export function Interval<const Args extends readonly unknown[] = []>(
  every: Duration,
  options?: IntervalOptions<Args>,
): CronDecorator<Args>;
/**
 * The same with a name, as in `@nestjs/schedule`.
 *
 * @example
 * @Injectable()
 * class InboxTasks {
 *   @Interval('inbox.poll', 30_000)
 *   async poll() {}
 * }
 */
export function Interval<const Args extends readonly unknown[] = []>(
  name: string,
  every: Duration,
  options?: IntervalOptions<Args>,
): CronDecorator<Args>;
export function Interval(
  first: string | Duration,
  second?: Duration | IntervalOptions,
  third?: IntervalOptions,
): CronDecorator<readonly unknown[]> {
  assertParentheses('@Interval()', first);
  const [every, options] = namedLength(first, second, third);
  return (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Interval() on ${methodPlace('@Interval()', target, property, descriptor)}`;
    assertCronOptions(options, ['offset', 'from'], where);
    assertFrom(options, where);
    const { offset, from, ...rest } = options;
    const times = { ...intervalTimes(every, offset, where), ...(from === 'end' && { from }) };
    const { cron, task } = resolveCronOptions(times, from === 'end' ? { ...rest, overlap: 'skip' } : rest, where);
    declareCron({ ...cron, decorator: '@Interval()' }, task, { target, property, descriptor });
  };
}

/** One run is due after the end of another: none can overlap or pile up, and none is missed for good. */
function assertFrom(
  { from, offset, overlap, waitForCompletion, missed, threshold }: IntervalOptions,
  where: string,
): void {
  if (from === undefined) return;
  if (from !== 'end') {
    throw misused(where, `has ${shown(from)} as \`from\``, [
      "Give 'end', or leave it out: it is then due by the clock.",
    ]);
  }
  const wrong = [
    offset !== undefined && '`offset`',
    overlap === 'allow' && "`overlap: 'allow'`",
    waitForCompletion === false && '`waitForCompletion: false`',
    missed !== undefined && missed !== 'latest' && `\`missed: ${shown(missed)}\``,
    threshold !== undefined && '`threshold`',
  ].find((option) => option !== false);
  if (wrong === undefined) return;
  throw misused(where, `has \`from: 'end'\` and ${wrong}, which contradict each other`, [
    `Leave out ${wrong}: the next run is due so long after the end of the last one, whenever that is.`,
    "Or leave out `from: 'end'`: it is then due by the clock.",
  ]);
}
