import { NestworkError } from '../errors.js';

/** How a command ended, for scripts that call it; documented in docs/cli.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, findings: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const UNREACHABLE = new Set(['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT', 'REDIS_LOADING', 'REDIS_BUSY']);
const USAGE = /^(INVALID_|UNKNOWN_)/;

/** The exit code for an error that ends a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof NestworkError)) return EXIT.failed;
  if (UNREACHABLE.has(error.code)) return EXIT.unreachable;
  return USAGE.test(error.code) ? EXIT.usage : EXIT.failed;
}
