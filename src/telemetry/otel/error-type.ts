import { NestworkError } from '../../errors.js';
import { RetryTask } from '../../policy/task-errors.js';
import type { AttemptOutcome } from '../../task/task-hooks.js';
import { isError, readText } from '../../values/thrown.js';

/** What the conventions have for an error of no kind. */
const OTHER = '_OTHER';
/** It is to have few values, so nothing that looks like a sentence. */
const NAME = /^[\w.$:-]{1,100}$/;

/** The kind of an error: the code of ours, the name of others. Anything may have been thrown. */
export function errorType(error: unknown): string {
  const name = isError(error) ? readText(error, error instanceof NestworkError ? 'code' : 'name') : undefined;
  return name !== undefined && NAME.test(name) ? name : OTHER;
}

/** A task that asks to run again, one that is dropped or cancelled, and one that a shutdown cuts off have not failed. */
export function hasFailed({ kind, error }: AttemptOutcome): boolean {
  return kind === 'dead' || (kind === 'retry' && !(error instanceof RetryTask));
}
