import { encodeCancelled, encodeDone, encodeDropped } from '../message/task-result.js';
import type { Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';

/** What is kept of a task that ends now and is not dead. */
export function keptOf(task: RunningTask, outcome: Outcome): string {
  if (outcome.kind === 'done') return encodeDone(outcome.result);
  return task.cancelled ? encodeCancelled() : encodeDropped(outcome.error, task.attempt);
}
