import { NestworkError } from '../errors.js';
import type { CallOptions } from '../message/call-options.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertOptionsObject } from '../values/known-options.js';
import { type RetryBackoff, toBackoff } from './backoff.js';

/**
 * A class of errors.
 *
 * @example
 * const retryOn: ErrorClass[] = [TypeError, NestworkError];
 */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/**
 * What a single call can say of timeouts and retries; a function cannot travel.
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
 * What tasks, queues and the module can say of timeouts and retries. Precedence is call > task > queue > defaults.
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

/** The names of the options that a call may set. */
export const CALL_POLICY_OPTIONS = [
  'softTimeout',
  'hardTimeout',
  'retries',
  'backoff',
  'maxBackoff',
  'retryOnSoftTimeout',
  'expires',
] as const;

/** The names of all options. */
export const POLICY_OPTIONS = [...CALL_POLICY_OPTIONS, 'retryOn', 'dropOn'] as const;

const MAX_RETRIES = 1_000;
/** A timer of Node.js waits 24.8 days at most. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

/**
 * Checks what a task, a queue, a call or the module says.
 *
 * @param where who says it, for errors: `'@Task() on ReportTasks.send'`
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION
 */
export function assertPolicyOptions(options: PolicyOptions, where: string): void {
  const { softTimeout, hardTimeout, retries, backoff, maxBackoff, retryOnSoftTimeout, expires } = options;
  const soft = timeout('softTimeout', softTimeout, where);
  const hard = timeout('hardTimeout', hardTimeout, where);
  assertOrder(soft, hard, where);
  if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0 && retries <= MAX_RETRIES)) {
    throw invalid('retries', where, `Give a whole number from 0 to ${MAX_RETRIES}.`);
  }
  if (backoff !== undefined) assertBackoff(backoff, where);
  if (maxBackoff !== undefined) toMilliseconds(maxBackoff, `\`maxBackoff\` of ${where}`);
  if (expires !== undefined) toMilliseconds(expires, `\`expires\` of ${where}`);
  if (retryOnSoftTimeout !== undefined && typeof retryOnSoftTimeout !== 'boolean') {
    throw invalid('retryOnSoftTimeout', where, 'Give true or false.');
  }
  for (const option of ['retryOn', 'dropOn'] as const) {
    const classes: unknown = options[option];
    if (classes === undefined) continue;
    if (!Array.isArray(classes) || !classes.every(isClass)) {
      throw invalid(option, where, 'Give a list of error classes, like [TypeError].');
    }
  }
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

/** What a call says, as plain data for its message; undefined when it says nothing. */
export function toCallOptions(options: CallPolicyOptions): CallOptions | undefined {
  const { softTimeout, hardTimeout, backoff, maxBackoff, expires, retries, retryOnSoftTimeout } = options;
  const ms = (value: Duration | undefined): number | undefined =>
    value === undefined ? undefined : toMilliseconds(value, 'with()');
  const set = {
    softTimeout: ms(softTimeout),
    hardTimeout: ms(hardTimeout),
    retries,
    backoff:
      typeof backoff === 'object' ? { ...backoff, delay: ms(backoff.delay) } : ms(backoff as Duration | undefined),
    maxBackoff: ms(maxBackoff),
    retryOnSoftTimeout,
    expires: ms(expires),
  };
  const given = Object.entries(set).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as CallOptions);
}

/** An arrow function has no prototype, and `instanceof` throws on it. */
function isClass(type: unknown): boolean {
  return typeof type === 'function' && typeof type.prototype === 'object' && type.prototype !== null;
}

function timeout(option: string, value: Duration | undefined, where: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = toMilliseconds(value, `\`${option}\` of ${where}`);
  if (ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw invalid(option, where, 'Give a time from 1 ms to 24 days, or leave it out for none.');
}

function assertBackoff(backoff: unknown, where: string): void {
  if (typeof backoff === 'object') {
    if (backoff !== null) assertOptionsObject(backoff, `\`backoff\` of ${where}`);
    const { type, ...rest } = (backoff ?? {}) as { type?: unknown };
    const known = Object.keys(rest).every((name) => name === 'delay');
    if (!known || (type !== 'fixed' && type !== 'exponential')) {
      throw invalid('backoff', where, "Give a duration, { type: 'fixed' or 'exponential', delay }, or a function.");
    }
  }
  // a function is tried when it is needed
  toBackoff(backoff as RetryBackoff, 0);
}

function invalid(option: string, where: string, remedy: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `The option \`${option}\` of ${where} is invalid.`, remedy);
}
