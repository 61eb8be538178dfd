import { PassedOn } from '../groups/flow-of-task.js';
import { encodeCancelled, encodeDone, encodeDropped, encodePassed } from '../message/task-result.js';
import type { Outcome } from './executor.js';
import type { RunningTask } from './running-task.js';

/** What is kept of a task that ends now and is not dead. */
export function keptOf(task: RunningTask, outcome: Outcome): string {
  // only its group waits for the end
  if (outcome.kind === 'done' && !task.message.result) return encodeDone(undefined, task);
  if (outcome.kind === 'done' && outcome.result instanceof PassedOn) return encodePassed(outcome.result);
  if (outcome.kind === 'done') return encodeDone(outcome.result, task);
  return task.cancelled ? encodeCancelled() : encodeDropped(outcome.error, task.attempt, task);
}
