import { NestworkError } from '../errors.js';

const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;

/** What a dead task's record says of the error; whatever was thrown, of bounded size. */
export function describeError(error: unknown): { code: string; error: string; stack?: string } {
  if (!(error instanceof Error)) return { code: 'TASK_FAILED', error: `thrown: ${safeString(error)}` };
  const code = error instanceof NestworkError ? error.code : 'TASK_FAILED';
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(`caused by ${cause.stack ?? cause.message}`);
  }
  const stack = [error.stack, ...causes].join('\n').slice(0, MAX_STACK);
  return { code, error: `${error.name}: ${error.message}`.slice(0, MAX_MESSAGE), stack };
}

/** Anything may be thrown, an object whose toString throws included. */
function safeString(value: unknown): string {
  try {
    return String(value).slice(0, MAX_MESSAGE);
  } catch {
    return typeof value;
  }
}
