import { encodePayload } from '../payload/payload.js';
import { setTaskMetadata } from '../task/task-metadata.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import { assertTaskName } from '../values/task-name.js';
import type { CronDecorator } from './cron-decorator-type.js';
import { assertCronOptions, resolveCronOptions, type ScheduleOptions, TIMING } from './cron-options.js';
import { argsOf, declareCron } from './declare-cron.js';
import { assertParentheses, methodPlace, misused } from './method-place.js';
import { namedLength } from './named-length.js';
import type { DecoratedPlace } from './task.decorator.js';

/**
 * Options of `@Timeout`: those of `@Cron` that are not about its times. With `on: 'child'` only `name` and `args`.
 *
 * @example
 * const options: TimeoutOptions = { queue: 'bulk', retries: 3 };
 */
export interface TimeoutOptions<Args extends readonly unknown[] = readonly unknown[]>
  extends Pick<ScheduleOptions<Args>, 'args' | 'disabled' | Exclude<keyof ScheduleOptions, (typeof OF_TIMES)[number]>> {
  /**
   * Where it runs: once in the `cluster` for each release, as a task with retries; or in each `child` of each worker after its start, as a
   * broadcast, which is never run again. The cluster is the default because most such work concerns what all share, and N replicas would do it N times.
   * @default 'cluster'
   */
  on?: 'cluster' | 'child';
}

/** Of no use to what runs once. */
const OF_TIMES = [
  ...(['missed', 'threshold', 'overlap', 'waitForCompletion'] as const),
  ...(['startDate', 'endDate', 'jitter', 'limit', 'immediately', 'initialDelay'] as const),
] as const;

/**
 * Makes a method of a provider a task that the workers run once after each deploy, in the whole cluster: so long after the first worker of a new
 * `release` of the app has declared it. Other replicas, restarts and a rollback to one of the last 10 releases do not run it again.
 *
 * With `on: 'child'` each child of each worker runs it by itself, so long after it has begun to claim.
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
  const [delay, options] = namedLength(first, second, third);
  return (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Timeout() on ${methodPlace('@Timeout()', target, property, descriptor)}`;
    const { on = 'cluster', ...rest } = options;
    if (on === 'child') return declareInChild(delay, rest, where, { target, property, descriptor });
    if (on !== 'cluster') throw misused(where, `has ${shown(on)} as \`on\``, ["Give 'cluster' or 'child'."]);
    assertCronOptions(rest, [], where);
    const given = TIMING.find((option) => option !== 'disabled' && Reflect.get(rest, option) !== undefined);
    if (given !== undefined) {
      throw misused(where, `has the option \`${given}\`, and runs once after a deploy`, [
        'Leave it out, or write @Cron() or @Interval().',
      ]);
    }
    const { cron, task } = resolveCronOptions({ only: 'release' }, rest, where);
    const delayMs = toMilliseconds(delay, where);
    const atRelease = { delayMs, runs: true };
    declareCron({ ...cron, atRelease, decorator: '@Timeout()' }, task, { target, property, descriptor });
  };
}

/** A timer holds no longer time. */
const LONGEST_MS = 2 ** 31 - 1;

function declareInChild(delay: Duration, options: TimeoutOptions, where: string, place: DecoratedPlace): void {
  assertKnownOptions(options, ['name', 'args'], `${where} with \`on: 'child'\``);
  const { name, args } = options;
  if (name !== undefined) assertTaskName(name, where);
  const given = argsOf(args, where);
  const delayMs = toMilliseconds(delay, where);
  if (delayMs > LONGEST_MS) throw misused(where, 'waits longer than 24 days', ['Give a shorter delay.']);
  const { target, property, descriptor } = place;
  const declaredAs = methodPlace('@Timeout()', target, property, descriptor);
  const declaration = { decorator: '@Timeout()', declaredAs, declaredIn: target.constructor };
  const afterStart = { delayMs, ...(given && { payload: encodePayload(given) }) };
  setTaskMetadata(descriptor?.value, { name, broadcast: 'child', afterStart, ...declaration });
}
