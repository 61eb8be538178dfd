import { type CronDeclaration, cronsAmong } from '../cron/cron-definition.js';
import { instantsOf } from '../cron/cron-schedule.js';
import { instantsIn } from '../inspector/cron-times.js';
import { unknownCron } from '../inspector/unknown-cron.js';
import type { TaskRegistry } from '../task/task-registry.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole, invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { nameOfTask, type TaskReference } from './task-reference.js';

/** More would be a calendar. */
const MOST_RUNS = 1_000;

/**
 * Options of `TestQueue.nextRuns`.
 *
 * @example
 * const overTheChange: NextRunsOptions = { after: new Date('2027-03-27T12:00:00Z'), count: 3 };
 */
export interface NextRunsOptions {
  /**
   * How many times, 1 to 1,000.
   * @default 1
   */
  count?: number;
  /**
   * They are later than this.
   * @default the time of the queues: TestQueue.now
   */
  after?: Date;
}

/**
 * A cron of the app by its name, or by its task: sender, method or name.
 *
 * @throws NestworkError UNKNOWN_CRON, NOT_A_TASK, INVALID_NAME, INVALID_OPTION
 */
export function cronOf(registry: TaskRegistry, cron: TaskReference<never>): CronDeclaration {
  const name = nameOfTask(cron);
  const crons = cronsAmong(registry.all());
  const named = crons.find((one) => one.name === name);
  const ofTask = crons.filter(({ task }) => task === name);
  const found = named ?? (ofTask.length === 1 ? ofTask[0] : undefined);
  if (found) return found;
  const remedy = 'Decorate a method with @Cron() or @Interval().';
  const what =
    ofTask.length > 1
      ? `The task "${name}" has ${ofTask.length} crons: name one of them.`
      : `No provider of this app has a cron "${name}".`;
  const names = (ofTask.length > 1 ? ofTask : crons).map((one) => one.name);
  throw unknownCron(name, what, names, remedy);
}

/** When a cron is due by its schedule alone. @throws NestworkError INVALID_OPTION */
export function nextRunsOf({ name, schedule }: CronDeclaration, options: NextRunsOptions, now: number): Date[] {
  assertKnownOptions(options, ['count', 'after'], 'nextRuns()');
  const { count = 1, after = new Date(now) } = options;
  assertWhole('count', count, MOST_RUNS);
  if (!(after instanceof Date) || Number.isNaN(after.getTime())) {
    throw invalid('after', `of nextRuns() is ${shown(after)}`, "Give a Date: new Date('2027-03-27T12:00:00Z').");
  }
  return instantsIn(instantsOf(schedule, `cron "${name}"`), { after: after.getTime(), count });
}
