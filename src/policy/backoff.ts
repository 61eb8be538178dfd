import { types } from 'node:util';
import { type Duration, toMilliseconds } from '../values/duration.js';

/**
 * How long to wait before the next attempt: a duration, which doubles with each attempt and is then drawn between zero and
 * that (full jitter, so that what failed together does not come back together); the same as an object, or `fixed`; or a
 * function of the attempt that failed (from 1) and its error. For a task with a `hardTimeout` the function is also called at
 * each start, with a HardTimeoutError: once the process is gone, it cannot be called.
 *
 * @example
 * const backoffs: RetryBackoff[] = ['5s', { type: 'fixed', delay: '1m' }, (attempt) => attempt * 1_000];
 */
export type RetryBackoff = Duration | BackoffOptions | BackoffFunction;

/**
 * A backoff that is no function.
 *
 * @example
 * const everyMinute: BackoffOptions = { type: 'fixed', delay: '1m' };
 */
export interface BackoffOptions {
  /** `fixed`: always the same; `exponential`: twice as long each time, then drawn between zero and that */
  type: 'fixed' | 'exponential';
  /** the wait after the first attempt */
  delay: Duration;
}

/**
 * Returns how long to wait, for the attempt that failed (from 1) and its error. If it throws, the default applies.
 *
 * @example
 * const backoff: BackoffFunction = (attempt, error) => (error instanceof TypeError ? '1h' : attempt * 1_000);
 */
export type BackoffFunction = (attempt: number, error: unknown) => Duration;

/** Milliseconds before the next attempt. */
export type Backoff = (attempt: number, error: unknown) => number;

/**
 * @param mostMs the longest wait of all but the function, in ms
 * @throws NestworkError INVALID_DURATION; the function it returns may throw what the user's function throws
 */
export function toBackoff(backoff: RetryBackoff, mostMs: number): Backoff {
  if (typeof backoff === 'function') return (attempt, error) => asked(backoff, attempt, error);
  const { type, delay }: BackoffOptions =
    typeof backoff === 'object' ? backoff : { type: 'exponential', delay: backoff };
  const ms = toMilliseconds(delay, 'backoff');
  if (type === 'fixed') return () => Math.min(ms, mostMs);
  // 2 ** 1000 would be infinite, and infinity times zero is no number
  return (attempt) => Math.round(Math.random() * Math.min(ms * 2 ** Math.min(attempt - 1, 60), mostMs));
}

function asked(backoff: BackoffFunction, attempt: number, error: unknown): number {
  const wait: unknown = backoff(attempt, error);
  // refused below; a rejection that nobody handles would end the process besides
  if (types.isPromise(wait)) wait.then(undefined, () => {});
  return toMilliseconds(wait as Duration, 'backoff()');
}
