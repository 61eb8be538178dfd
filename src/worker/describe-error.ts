import { NestworkError } from '../errors.js';
import { causeOf, errorText, MAX_ERROR_TEXT } from '../values/error-text.js';
import { isError, readText } from '../values/thrown.js';

const MAX_STACK = 8_000;
const MAX_CAUSES = 5;

/**
 * The error as the record of a dead task has it; anything may have been thrown. Of bounded size. Never throws.
 *
 * @param most characters of `error`
 */
export function describeError(error: unknown, most = MAX_ERROR_TEXT): { code: string; error: string; stack?: string } {
  const code = (error instanceof NestworkError && readText(error, 'code')) || 'TASK_FAILED';
  const text = errorText(error, most);
  return isError(error) ? { code, error: text, stack: stacksOf(error) } : { code, error: text };
}

function stacksOf(error: Error): string {
  const stacks = [stackOf(error)];
  const seen = new Set<unknown>([error]);
  for (let cause = causeOf(error); cause !== undefined && stacks.length <= MAX_CAUSES; cause = causeOf(cause)) {
    if (seen.has(cause)) break;
    seen.add(cause);
    stacks.push(`caused by ${stackOf(cause) || errorText(cause)}`);
  }
  return stacks.join('\n').slice(0, MAX_STACK);
}

function stackOf(error: unknown): string {
  return (readText(error, 'stack') ?? '').slice(0, MAX_STACK);
}
