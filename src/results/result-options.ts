import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';

/**
 * How to wait for a result.
 *
 * @example
 * const options: ResultOptions = { timeout: '2m', signal: AbortSignal.timeout(60_000) };
 * const total = await handle.result(options);
 */
export interface ResultOptions {
  /**
   * How long to wait; then it rejects with a ResultTimeoutError, and the task goes on. More than 0.
   * @default '30s'
   */
  timeout?: Duration;
  /**
   * Ends the wait; it rejects with the reason of the signal, and the task goes on.
   * @default none
   */
  signal?: AbortSignal;
}

/** Options that were checked. */
export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT = '30s';
/** A timer of Node cannot wait longer than 24.8 days. */
const LONGEST_MS = 2_147_483_647;

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function patienceOf(options: ResultOptions, where: string): Patience {
  assertKnownOptions(options, ['timeout', 'signal'], where);
  return { timeoutMs: timeoutMsOf(options, where), signal: signalOf(options, where) };
}

function timeoutMsOf({ timeout = DEFAULT_TIMEOUT }: ResultOptions, where: string): number {
  const ms = toMilliseconds(timeout, `timeout of ${where}`);
  if (ms > 0 && ms <= LONGEST_MS) return ms;
  throw invalid(`timeout of ${where}`, `is ${ms} ms`, 'Give a time from 1 ms to 24 days.');
}

function signalOf({ signal }: ResultOptions, where: string): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw invalid(`signal of ${where}`, 'is no AbortSignal', 'Give the `signal` of an AbortController.');
}
