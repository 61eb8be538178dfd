import { type ErrorCode, NestworkError } from '../errors.js';

/** How a command ended, for scripts that call it; documented in docs/cli.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, findings: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Redis does not answer, or is none that the command can work on. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'REDIS_UNAVAILABLE',
  'REDIS_TIMEOUT',
  'REDIS_REFUSED',
  'REDIS_IS_CLUSTER',
  'REDIS_TOO_OLD',
  'FOREIGN_KEYS',
]);
/** The command line, or a name in it. */
const USAGE = /^(INVALID_.*|UNKNOWN_(QUEUE|CRON|LIMIT|TASK|WORKER)|LIMIT_KEY_NEEDED)$/;

/** The exit code for an error that ends a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof NestworkError)) return EXIT.failed;
  if (UNREACHABLE.has(error.code)) return EXIT.unreachable;
  return USAGE.test(error.code) ? EXIT.usage : EXIT.failed;
}
