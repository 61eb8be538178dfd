import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { NestworkError } from '../errors.js';
import { type Duration, toMilliseconds } from './duration.js';

/** A timer of Node cannot wait longer than 24.8 days, and nobody wants to wait for a day. */
const MAX_WAIT_MS = 86_400_000;

export function optional<T, R>(value: T | undefined, resolve: (value: T) => R): R | undefined {
  return value === undefined ? undefined : resolve(value);
}

/** @param leastMs the shortest that makes sense; the longest is a day */
export function duration(option: string, value: Duration, leastMs: number): number {
  const milliseconds = toMilliseconds(value, option);
  if (milliseconds >= leastMs && milliseconds <= MAX_WAIT_MS) return milliseconds;
  throw invalid(option, `is ${milliseconds} ms`, `Give a time from ${leastMs} ms to a day, like '30s'.`);
}

export function count(option: string, value: number, most: number, least = 1): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(option, `is ${String(value)}`, `Give a whole number from ${least} to ${most}.`);
}

/** Not whether the file is there: that is the affair of those who use it. */
export function filePath(option: string, value: string | URL): string {
  const text = value instanceof URL ? value.href : value;
  if (typeof text === 'string' && text !== '') {
    if (!/^(?:file:|\w+:\/\/)/.test(text)) return text;
    try {
      return fileURLToPath(text);
    } catch {
      // of another kind, or with a host
    }
  }
  throw invalid(option, `is ${shown(value)}, and neither a path nor the URL of a file`, [
    "Give a path like 'dist/worker.js', or import.meta.url.",
  ]);
}

/** What is wrong with an option, and how to mend it. */
export function invalid(option: string, what: string, remedy: string | readonly string[]): NestworkError {
  return new NestworkError('INVALID_OPTION', `The option \`${option}\` ${what}.`, remedy);
}

/** Text in quotes, so that what came from the environment is seen to be text. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : inspect(value, { depth: -1 });
}

export function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
