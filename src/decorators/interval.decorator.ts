import type { Duration } from '../values/duration.js';
import type { CronDecorator } from './cron-decorator-type.js';
import { assertCronOptions, type IntervalOptions, resolveCronOptions } from './cron-options.js';
import { intervalTimes } from './cron-times.js';
import { declareCron } from './declare-cron.js';
import { assertParentheses, methodPlace } from './method-place.js';

/**
 * Makes a method of a provider a task that the workers run at a fixed distance, each time once in the whole cluster.
 *
 * The clock decides, not the start of a process: it is due at every multiple of the interval since 1970-01-01T00:00Z.
 * So `'1h'` runs at the full hour, and restarts move nothing. Its method is called without arguments.
 *
 * @param every at least 100 ms
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
  const [every, options] =
    typeof second === 'number' || typeof second === 'string'
      ? [second, { ...third, name: first as string }]
      : [first as Duration, second ?? {}];
  return (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Interval() on ${methodPlace('@Interval()', target, property, descriptor)}`;
    assertCronOptions(options, ['offset'], where);
    const { offset, ...rest } = options;
    const { cron, task } = resolveCronOptions(intervalTimes(every, offset, where), rest, where);
    declareCron({ ...cron, decorator: '@Interval()' }, task, { target, property, descriptor });
  };
}
