import { DEFAULT_AGE_MS } from '../message/order-tag.js';
import { type Duration } from '../values/duration.js';
import { rule, time, whole } from '../values/option-rules.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { type KeyFunction, type LimitOptions, type LimitRule, limitRules } from './limit-options.js';

/**
 * When tasks may start, and which starts first.
 *
 * @example
 * const options: StartOptions = {
 *   limits: [{ name: 'stripe', concurrency: 5, rate: '20/s', key: (user: { tenant: string }) => user.tenant }],
 *   fair: (user: { tenant: string }) => user.tenant,
 *   priority: 3,
 * };
 */
export interface StartOptions {
  /**
   * How many of these tasks run at once, and how many start in a time, in the whole cluster; at most 4 limits. A task starts when each
   * of its limits lets it.
   * @default none
   */
  limits?: readonly LimitOptions[];
  /**
   * Takes turns between the tasks of different tenants, as the function names them from the arguments of a call; those of one tenant
   * start in the order in which they were sent.
   * @default none: all start in the order in which they were sent
   */
  fair?: KeyFunction;
  /**
   * 0 to 9: a task with 9 starts before one with 0. A task that waits rises by one step in each `age`, so that none waits for ever.
   * @default 0
   */
  priority?: number;
  /**
   * How long a task waits until it counts as one step of `priority` higher: 1 ms to 24 days.
   * @default '1m'
   */
  age?: Duration;
}

/** When a task may start, checked. */
export interface StartRules {
  readonly limits: readonly LimitRule[];
  readonly fair?: KeyFunction;
  readonly priority: number;
  readonly ageMs: number;
  /** where they stand, for errors: `'@Task() on ReportTasks.send'` */
  readonly where: string;
}

/** The names of these options. */
export const START_OPTIONS = ['limits', 'fair', 'priority', 'age'] as const;

/** Six digits, base 36, of a tag have room for 25 days. */
const LONGEST_AGE_MS = 24 * 86_400_000;

const MOST_PRIORITY = 9;

/** Those that a single call can set, too. */
export const ORDER_RULES = { priority: whole(0, MOST_PRIORITY), age: time(1, undefined, LONGEST_AGE_MS) };

/** Whether a call may have this priority. */
export function isPriority(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_PRIORITY;
}

const FAIR = rule((given: KeyFunction | undefined, option) => {
  if (given === undefined || typeof given === 'function') return given;
  throw invalid(option, `is ${shown(given)}`, 'Give a function: (user: User) => user.tenant.');
});

/**
 * Checks these options.
 *
 * @returns undefined for a task that sets none of them
 * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION
 */
export function startRules(options: StartOptions, where: string): StartRules | undefined {
  const limits = options.limits === undefined ? [] : limitRules(options.limits, where);
  const fair = FAIR.read(options.fair, `fair of ${where}`);
  const priority = ORDER_RULES.priority.read(options.priority, `priority of ${where}`) ?? 0;
  const ageMs = ORDER_RULES.age.read(options.age, `age of ${where}`) ?? DEFAULT_AGE_MS;
  if (limits.length === 0 && !fair && priority === 0 && ageMs === DEFAULT_AGE_MS) return undefined;
  return { limits, ...(fair && { fair }), priority, ageMs, where };
}
