import type { ClaimedTask } from '../broker/port/broker.js';
import { attemptOf, decodeMessage } from '../message/task-message.js';
import type { PayloadCodec } from '../payload/payload-codec.js';

/**
 * One attempt at a task in a test, and how the task went on.
 *
 * @example
 * const runs: TaskRun[] = await app.get(TestQueue).advance('1h');
 * const failed = runs.filter(({ error }) => error !== undefined);
 */
export interface TaskRun {
  /** 20 characters, that of the handle */
  readonly id: string;
  /** empty when the message cannot be read */
  readonly name: string;
  /** `(broadcast)` for a broadcast */
  readonly queue: string;
  /** the arguments after their way through the serializer; none when the message, or what is sealed in it, cannot be read */
  readonly args: readonly unknown[];
  /** from 1 */
  readonly attempt: number;
  /** `retried`: it failed and will be tried again; `dropped`: `DropTask` or `dropOn` ended it, or it was cancelled */
  readonly outcome: 'done' | 'retried' | 'dropped' | 'dead';
  /** the error of the handler; undefined when it succeeded */
  readonly error: unknown;
}

/** Receives each attempt in a test. @param payloads of the app */
export function describeRun(
  { id, queue, message }: ClaimedTask,
  payloads: PayloadCodec,
  outcome: TaskRun['outcome'],
  error: unknown = undefined,
): TaskRun {
  try {
    const decoded = decodeMessage(message, payloads);
    const args = decoded.closed ? [] : decoded.args;
    return { id, name: decoded.name, queue, args, attempt: attemptOf(decoded), outcome, error };
  } catch {
    return { id, name: '', queue, args: [], attempt: 1, outcome, error };
  }
}
