import type { CronDecorator } from './cron-decorator-type.js';
import { cronFrom } from './cron-from.js';
import { assertCronOptions, CLOCK_OPTIONS, type CronOptions, resolveCronOptions } from './cron-options.js';
import { timesOf } from './cron-times.js';
import { declareCron } from './declare-cron.js';
import { assertParentheses, methodPlace } from './method-place.js';
import type { TaskDecorator } from './task-decorator.js';

/**
 * Makes a method of a provider a task that the workers run at given times, each time once in the whole cluster.
 *
 * It goes through the queue like any other task, with hooks and `TaskContext`, and can be sent as well. Its method
 * is called without arguments. Wrong expressions and zones are refused when the app starts.
 *
 * @param cronTime five fields (minute, hour, day, month, weekday), six with seconds in front, a `CronExpression`, or a
 * `Date` for a single run
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION while the class is being defined; INVALID_CRON
 * when the app starts
 * @example
 * @Injectable()
 * class ReportTasks {
 *   @Cron(CronExpression.EVERY_DAY_AT_8AM, { timeZone: 'Europe/Paris', overlap: 'skip' })
 *   async digest() {}
 * }
 */
export function Cron<const Args extends readonly unknown[] = []>(
  cronTime: string | Date,
  options: CronOptions<Args> = {},
): CronDecorator<Args> {
  assertParentheses('@Cron()', cronTime);
  const decorator: TaskDecorator = (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Cron() on ${methodPlace('@Cron()', target, property, descriptor)}`;
    assertCronOptions(options, CLOCK_OPTIONS, where);
    const { timeZone, utcOffset, except, ...rest } = options;
    const times = timesOf(cronTime, { timeZone, utcOffset, except }, where);
    const { cron, task } = resolveCronOptions(times, rest, where);
    declareCron({ ...cron, decorator: '@Cron()' }, task, { target, property, descriptor });
  };
  return decorator as CronDecorator<Args>;
}

/**
 * The same with a time that a provider of the app knows, for example its configuration. The provider is asked once, when the module starts,
 * in each process; its answer is checked as if it stood in the code. Give all workers the same configuration.
 *
 * @param token of a provider with the default scope, anywhere in the app; its constructor has run, its `onModuleInit` may not have
 * @param settings returns the time, or the time and options of `@Cron` about it, which come before those of `options`
 * @throws NestworkError INVALID_NAME, INVALID_OPTION, INVALID_DURATION while the class is being defined; INVALID_CRON, INVALID_OPTION,
 * INVALID_DURATION when the app starts
 * @example
 * @Injectable()
 * class Settings {
 *   readonly digestAt = process.env.DIGEST_AT;
 * }
 *
 * @Injectable()
 * class DigestTasks {
 *   @Cron.from(Settings, ({ digestAt }) => ({ cronTime: digestAt, disabled: digestAt === undefined }), { retries: 3 })
 *   async digest() {}
 * }
 */
Cron.from = cronFrom;
