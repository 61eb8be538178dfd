import { type Duration, toMilliseconds } from '../values/duration.js';
import { invalid } from '../values/option-values.js';

/** So long is the least time that a result is kept: those who wait must find it, though an announcement was lost. In seconds. */
const LEAST_SECONDS = 10;
const MOST_SECONDS = 30 * 86_400;

/**
 * For how many whole seconds a result is kept.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_DURATION
 */
export function secondsToKeep(given: Duration, option: string): number {
  const seconds = Math.ceil(toMilliseconds(given, option) / 1_000);
  if (seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS) return seconds;
  throw invalid(option, `is ${seconds} s`, 'Give a time from 10 s to 30 days.');
}

/** Whether anything that came from Redis is such a time. */
export function isKeepTime(seconds: unknown): seconds is number {
  return Number.isInteger(seconds) && (seconds as number) >= LEAST_SECONDS && (seconds as number) <= MOST_SECONDS;
}

/** For how many seconds a result is kept that only one call waits for. */
export function secondsToWait(timeoutMs: number): number {
  return Math.min(Math.max(Math.ceil(timeoutMs / 1_000), LEAST_SECONDS), MOST_SECONDS);
}
