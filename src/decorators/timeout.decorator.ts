import { type Duration, toMilliseconds } from '../values/duration.js';
import type { CronDecorator } from './cron-decorator-type.js';
import { assertCronOptions, resolveCronOptions, type ScheduleOptions, TIMING } from './cron-options.js';
import { declareCron } from './declare-cron.js';
import { assertParentheses, methodPlace, misused } from './method-place.js';

/**
 * Options of `@Timeout`: those of `@Cron` that are not about its times.
 *
 * @example
 * const options: TimeoutOptions = { queue: 'bulk', retries: 3 };
 */
export interface TimeoutOptions<Args extends readonly unknown[] = readonly unknown[]>
  extends Pick<
    ScheduleOptions<Args>,
    'args' | 'disabled' | Exclude<keyof ScheduleOptions, (typeof OF_TIMES)[number]>
  > {}

/** Of no use to what runs once. */
const OF_TIMES = [
  ...(['missed', 'threshold', 'overlap', 'waitForCompletion'] as const),
  ...(['startDate', 'endDate', 'jitter', 'limit', 'immediately', 'initialDelay'] as const),
] as const;

/**
 * Makes a method of a provider a task that the workers run once after each deploy, in the whole cluster: so long after the first worker of a new
 * `release` of the app has declared it. Other replicas, restarts and a rollback to one of the last 10 releases do not run it again.
 *
 * For what each process is to do for itself after its start, use `onApplicationBootstrap()`, or `setTimeout()` in it.
 *
 * @param delay from 0 on
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION while the class is being defined
 * @example
 * @Injectable()
 * class CacheTasks {
 *   @Timeout('10s', { retries: 3 })
 *   async warm() {}
 * }
 */
export function Timeout<const Args extends readonly unknown[] = []>(
  delay: Duration,
  options?: TimeoutOptions<Args>,
): CronDecorator<Args>;
/**
 * The same with a name, as in `@nestjs/schedule`.
 *
 * @example
 * @Injectable()
 * class CacheTasks {
 *   @Timeout('cache.warm', 10_000)
 *   async warm() {}
 * }
 */
export function Timeout<const Args extends readonly unknown[] = []>(
  name: string,
  delay: Duration,
  options?: TimeoutOptions<Args>,
): CronDecorator<Args>;
export function Timeout(
  first: string | Duration,
  second?: Duration | TimeoutOptions,
  third?: TimeoutOptions,
): CronDecorator<readonly unknown[]> {
  assertParentheses('@Timeout()', first);
  const [delay, options] =
    typeof second === 'number' || typeof second === 'string'
      ? [second, { ...third, name: first as string }]
      : [first as Duration, second ?? {}];
  return (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Timeout() on ${methodPlace('@Timeout()', target, property, descriptor)}`;
    assertCronOptions(options, [], where);
    const given = TIMING.find((option) => option !== 'disabled' && Reflect.get(options, option) !== undefined);
    if (given !== undefined) {
      throw misused(where, `has the option \`${given}\`, and runs once after a deploy`, [
        'Leave it out, or write @Cron() or @Interval().',
      ]);
    }
    const { cron, task } = resolveCronOptions({ only: 'release' }, options, where);
    const delayMs = toMilliseconds(delay, where);
    const atRelease = { delayMs, runs: true };
    declareCron({ ...cron, atRelease, decorator: '@Timeout()' }, task, { target, property, descriptor });
  };
}
