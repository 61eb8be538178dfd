import { hostname } from 'node:os';
import type { Broker, StreamPosition } from '../broker/broker.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import type { Clock } from '../task/clock.js';
import { idOf } from '../task/task-message.js';
import { describeError } from '../worker/describe-error.js';
import { type Executor, isFailure } from '../worker/executor.js';
import { describeRun, type TaskRun } from './task-run.js';

/** How far each app has come in the stream. */
const positions = new WeakMap<Broker, StreamPosition>();

/** How each broadcast ended is recorded under this, as of a child. */
const TARGET = `test-${process.pid}`;

/**
 * Runs the next broadcasts that an app has not run yet, in order, as the only child of a worker would. Like a worker, it
 * begins with what was sent since it was made.
 *
 * @returns how each ended; empty when there were none
 */
export async function drainBroadcasts(broker: Broker, executor: Executor, clock: Clock): Promise<TaskRun[]> {
  const drained: TaskRun[] = [];
  let position = positions.get(broker) ?? (await broker.stream.position(broker.madeAtMs));
  for (let more = true; more && drained.length === 0; ) {
    const read = await broker.stream.read(position);
    ({ position, more } = read);
    positions.set(broker, position);
    for (const { kind, fields } of read.entries) {
      if (kind === 'call') drained.push(await run(broker, executor, fields.get('message') ?? '', clock));
    }
  }
  return drained;
}

async function run(broker: Broker, executor: Executor, message: string, clock: Clock): Promise<TaskRun> {
  const call = { id: idOf(message), message, queue: BROADCAST_QUEUE };
  const prepared = executor.prepare(call);
  const outcome = isFailure(prepared) ? prepared : await executor.run(prepared);
  const failed = outcome.kind === 'failed';
  const error = failed ? describeError(outcome.error).error : undefined;
  const ended = { host: hostname(), pid: process.pid, ok: !failed, error, at: clock() };
  const record = { ...ended, durationMs: Math.round(outcome.durationMs) };
  await broker.broadcasts.record([{ id: call.id, target: TARGET, outcome: record }]);
  return failed ? describeRun(call, 'dead', outcome.error) : describeRun(call, 'done');
}
