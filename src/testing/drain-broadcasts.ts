import { hostname } from 'node:os';
import { idOf } from '../message/task-message.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { Clock } from '../values/clock.js';
import { describeError } from '../worker/describe-error.js';
import { type Executor, isFailure } from '../worker/executor.js';
import { describeRun, type TaskRun } from './task-run.js';
import type { TestBroadcasts } from './test-work.js';

/**
 * Runs the next broadcasts, in order, as the only child of a worker would.
 *
 * @returns how each ended; empty when there were none
 */
export async function drainBroadcasts(
  broadcasts: TestBroadcasts,
  executor: Executor,
  clock: Clock,
): Promise<TaskRun[]> {
  const drained: TaskRun[] = [];
  for (const message of await broadcasts.next()) drained.push(await run(broadcasts, executor, message, clock));
  return drained;
}

async function run(broadcasts: TestBroadcasts, executor: Executor, message: string, clock: Clock): Promise<TaskRun> {
  const call = { id: idOf(message), message, queue: BROADCAST_QUEUE };
  const prepared = executor.prepare(call);
  const outcome = isFailure(prepared) ? prepared : await executor.run(prepared);
  const failed = outcome.kind === 'failed';
  const error = failed ? describeError(outcome.error).error : undefined;
  const ended = { host: hostname(), pid: process.pid, ok: !failed, error, at: clock() };
  await broadcasts.record(call.id, { ...ended, durationMs: Math.round(outcome.durationMs) });
  return failed ? describeRun(call, 'dead', outcome.error) : describeRun(call, 'done');
}
