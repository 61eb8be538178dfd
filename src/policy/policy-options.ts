import { NestworkError } from '../errors.js';
import type { CallOptions } from '../message/call-options.js';
import { type Duration, MAX_DURATION_MS, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { type Rule, type RulesOf, rule, time, whole } from '../values/option-rules.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import type { RetryBackoff } from './backoff.js';

/**
 * A class of errors.
 *
 * @example
 * const retryOn: ErrorClass[] = [TypeError, NestworkError];
 */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/**
 * The timeouts and retries that a single call can set; a function cannot travel.
 *
 * @example
 * const patient: CallPolicyOptions = { retries: 10, backoff: { type: 'fixed', delay: '1m' }, expires: '1d' };
 * await queue.of(ReportTasks).send.with(patient).delay(7, { weekly: true });
 */
export interface CallPolicyOptions {
  /**
   * After this time the task's signal aborts with a SoftTimeoutError; the task may clean up and end.
   * @default none
   */
  softTimeout?: Duration;
  /**
   * After this time the process of the task is killed, at most 250 ms late, also when it blocks. The other tasks of that
   * process run again elsewhere, at no cost.
   * @default none
   */
  hardTimeout?: Duration;
  /**
   * How often a task that failed is tried again before it is dead. 0 to 1,000.
   * @default 0; a task that throws RetryTask is tried again without limit, every 100 ms at most
   */
  retries?: number;
  /**
   * How long to wait before the next attempt.
   * @default '1s': exponential with full jitter
   */
  backoff?: RetryBackoff;
  /**
   * The longest wait between attempts, except what a function or RetryTask asks for.
   * @default '1h'
   */
  maxBackoff?: Duration;
  /**
   * Whether a task is tried again that failed after its soft timeout.
   * @default false
   */
  retryOnSoftTimeout?: boolean;
  /**
   * How long a task may wait for its first start, counted from when it came into its queue, by the clocks of sender and
   * worker; after that it ends among the dead with TASK_EXPIRED.
   * @default none
   */
  expires?: Duration;
}

/**
 * The timeouts and retries that tasks, queues and the module can set. Precedence is call > task > queue > defaults.
 *
 * @example
 * const defaults: PolicyOptions = { retries: 3, softTimeout: '30s', hardTimeout: '1m', dropOn: [TypeError] };
 * TaskQueueModule.forRoot({ defaults });
 */
export interface PolicyOptions extends CallPolicyOptions {
  /**
   * Only errors of these classes are tried again.
   * @default all
   */
  retryOn?: readonly ErrorClass[];
  /**
   * Errors of these classes end the task without a trace but a line in the log.
   * @default none
   */
  dropOn?: readonly ErrorClass[];
}

const MAX_RETRIES = 1_000;
/** A timer of Node.js waits 24.8 days at most. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

const timeout = time(1, undefined, MAX_TIMEOUT_MS);
const duration = time(0, undefined, MAX_DURATION_MS);
const classes = rule((given: readonly ErrorClass[] | undefined, option) => {
  if (given === undefined || areClasses(given)) return given;
  throw invalid(option, 'is no list of classes', 'Give a list of error classes, like [TypeError].');
});

/** What a call may set resolves to what travels in its message. */
const CALL_RULES = {
  softTimeout: timeout,
  hardTimeout: timeout,
  retries: whole(0, MAX_RETRIES),
  backoff: rule(plainBackoff),
  maxBackoff: duration,
  retryOnSoftTimeout: rule((given: boolean | undefined, option) => {
    if (given === undefined || typeof given === 'boolean') return given;
    throw invalid(option, `is ${shown(given)}`, 'Give true or false.');
  }),
  expires: duration,
} satisfies RulesOf<CallPolicyOptions>;

const RULES: Record<string, Rule<never, unknown, string>> = { ...CALL_RULES, retryOn: classes, dropOn: classes };

/** The names of the options that a call may set. */
export const CALL_POLICY_OPTIONS = Object.keys(CALL_RULES) as readonly (keyof CallPolicyOptions)[];

/** The names of all options. */
export const POLICY_OPTIONS: readonly string[] = Object.keys(RULES);

/**
 * Checks the options of a task, a queue, a call or the module.
 *
 * @param where they stand, for errors: `'@Task() on ReportTasks.send'`
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION
 */
export function assertPolicyOptions(options: PolicyOptions, where: string): void {
  for (const [name, { read }] of Object.entries(RULES))
    read(Reflect.get(options, name) as never, `${name} of ${where}`);
  const { softTimeout, hardTimeout } = options;
  if (softTimeout === undefined || hardTimeout === undefined) return;
  assertOrder(toMilliseconds(softTimeout, 'softTimeout'), toMilliseconds(hardTimeout, 'hardTimeout'), where);
}

/** A soft timeout that comes after the hard one never comes. */
export function assertOrder(softMs: number | undefined, hardMs: number | undefined, where: string): void {
  if (softMs === undefined || hardMs === undefined || softMs < hardMs) return;
  throw new NestworkError(
    'INVALID_OPTION',
    `The softTimeout of ${where} (${softMs} ms) is not shorter than the hardTimeout (${hardMs} ms).`,
    'Leave the task some time between them to clean up.',
  );
}

/** The options of a call as plain data for its message; undefined when it has none. */
export function toCallOptions(options: CallPolicyOptions): CallOptions | undefined {
  const given = CALL_POLICY_OPTIONS.filter((name) => options[name] !== undefined);
  return given.length === 0
    ? undefined
    : Object.fromEntries(given.map((name) => [name, CALL_RULES[name].read(options[name] as never, name)]));
}

/** An arrow function has no prototype, and `instanceof` throws on it. */
function areClasses(value: unknown): boolean {
  const isClass = (type: unknown): boolean =>
    typeof type === 'function' && typeof type.prototype === 'object' && type.prototype !== null;
  return Array.isArray(value) && value.every(isClass);
}

/** A function is tried when it is needed. */
function plainBackoff(backoff: RetryBackoff | undefined, option: string): RetryBackoff | undefined {
  if (backoff === undefined || typeof backoff === 'function') return backoff;
  if (typeof backoff !== 'object') return toMilliseconds(backoff, 'backoff');
  assertKnownOptions(backoff, ['type', 'delay'], `the option \`${option}\``);
  const { type, delay } = backoff;
  if (type === 'fixed' || type === 'exponential') return { type, delay: toMilliseconds(delay, 'backoff') };
  throw invalid(
    option,
    'has no known type',
    "Give a duration, { type: 'fixed' or 'exponential', delay }, or a function.",
  );
}
