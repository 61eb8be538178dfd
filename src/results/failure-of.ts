import type { ErrorCode } from '../errors.js';
import type { TaskResult } from '../message/task-result.js';
import { TaskFailedError } from './result-errors.js';

/** The error of a task that has ended without a result, for those who wait for that. */
export function failureOf(
  id: string,
  result: Extract<TaskResult, { kind: 'failed' | 'dropped' | 'cancelled' }>,
): TaskFailedError {
  switch (result.kind) {
    case 'failed':
      return new TaskFailedError(result.code as ErrorCode, id, result.error, result.attempts);
    case 'dropped':
      return new TaskFailedError('TASK_DROPPED', id, result.error, result.attempts);
    case 'cancelled':
      return new TaskFailedError('TASK_CANCELLED', id, '', 0);
  }
}
