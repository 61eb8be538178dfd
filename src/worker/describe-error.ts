import { types } from 'node:util';
import { NestworkError } from '../errors.js';

const MAX_MESSAGE = 2_000;
const MAX_STACK = 8_000;
const MAX_CAUSES = 5;

/** What a dead task's record says of the error; whatever was thrown, of bounded size. Never throws. */
export function describeError(error: unknown): { code: string; error: string; stack?: string } {
  if (!isError(error)) return { code: 'TASK_FAILED', error: `thrown: ${shown(() => error)}` };
  const code = error instanceof NestworkError ? error.code : 'TASK_FAILED';
  const stacks = [stackOf(error)];
  for (let cause = causeOf(error); cause && stacks.length <= MAX_CAUSES; cause = causeOf(cause)) {
    stacks.push(`caused by ${stackOf(cause) || shown(() => cause?.message)}`);
  }
  const message = `${shown(() => error.name)}: ${shown(() => error.message)}`;
  return { code, error: message.slice(0, MAX_MESSAGE), stack: stacks.join('\n').slice(0, MAX_STACK) };
}

/** Also one of another realm: a test runner such as Jest has its own, where errors of Node are no instances of `Error`. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function stackOf(error: Error): string {
  return shown(() => error.stack ?? '', MAX_STACK);
}

function causeOf(error: Error): Error | undefined {
  try {
    return isError(error.cause) ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

/** Anything may be thrown: an object whose toString throws, an error whose properties do. */
function shown(read: () => unknown, most = MAX_MESSAGE): string {
  let value: unknown;
  try {
    value = read();
    return String(value).slice(0, most);
  } catch {
    return typeof value;
  }
}
