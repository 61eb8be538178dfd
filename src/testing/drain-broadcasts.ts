import type { StreamPosition } from '../broker/broker.js';
import type { RedisBroker } from '../broker/redis-broker.js';
import { BROADCAST_QUEUE } from '../task/broadcast.js';
import { TASK_ID_LENGTH } from '../task/task-id.js';
import { type Executor, isFailure } from '../worker/executor.js';

/** How far each app has come in the stream. */
const positions = new WeakMap<RedisBroker, StreamPosition>();

/**
 * Runs the next broadcasts that an app has not run yet, in order, as the only child of a worker would. Like a worker, it
 * begins with what was sent since it was made.
 *
 * @returns the messages, with what their handlers threw; empty when there were none
 */
export async function drainBroadcasts(
  broker: RedisBroker,
  executor: Executor,
): Promise<{ id: string; message: string; error: unknown }[]> {
  const drained: { id: string; message: string; error: unknown }[] = [];
  let position = positions.get(broker) ?? (await broker.stream.position(broker.madeAtMs));
  for (let more = true; more && drained.length === 0; ) {
    const read = await broker.stream.read(position);
    ({ position, more } = read);
    positions.set(broker, position);
    for (const { kind, fields } of read.entries) {
      const message = fields.get('message') ?? '';
      const id = message.slice(0, TASK_ID_LENGTH);
      if (kind === 'call') drained.push({ id, message, error: await run(executor, id, message) });
    }
  }
  return drained;
}

async function run(executor: Executor, id: string, message: string): Promise<unknown> {
  const prepared = executor.prepare({ id, message, queue: BROADCAST_QUEUE });
  const outcome = isFailure(prepared) ? prepared : await executor.run(prepared);
  return outcome.kind === 'failed' ? outcome.error : undefined;
}
