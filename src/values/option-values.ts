import { fileURLToPath } from 'node:url';
import { NestworkError } from '../errors.js';
import { shown } from './shown.js';

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

/**
 * Refuses what is no whole number from 1 on.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function assertWhole(option: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw invalid(option, `is ${shown(value)}`, `Give a whole number from 1 to ${most.toLocaleString('en-US')}.`);
}

export function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
