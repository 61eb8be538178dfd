import type { DeadLetterBroker, Death } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { assertKnownOptions } from '../values/known-options.js';
import { type ActorOptions, assertActor } from './actor.js';
import type { ResolvedFilter } from './dead-filter.js';
import { batchesOf } from './dead-reader.js';

/**
 * The progress of `redriveAll` or `deleteAll`.
 *
 * @example
 * const onProgress = ({ done, total }: DeadProgress) => logger.log(`${done} of ${total}`);
 * await deadLetters.redriveAll({ code: 'CRASHED' }, { onProgress });
 */
export interface DeadProgress {
  /** tasks that have been handled */
  readonly done: number;
  /** tasks that matched at the beginning; others may have removed some since */
  readonly total: number;
}

/**
 * Options of `redriveAll` and `deleteAll`.
 *
 * @example
 * const options: DeadBulkOptions = { batchSize: 100, signal: AbortSignal.timeout(60_000) };
 * await deadLetters.redriveAll({ since: '2h' }, options);
 */
export interface DeadBulkOptions extends ActorOptions {
  /**
   * Called at the beginning and after each batch. An error that it throws ends the call between two batches.
   * @default none
   */
  onProgress?: (progress: DeadProgress) => void;
  /**
   * Ends the call between two batches; the promise then rejects with its reason.
   * @default none
   */
  signal?: AbortSignal;
  /**
   * How many tasks are moved at a time, while Redis does nothing else; 1 to 500.
   * @default 200
   */
  batchSize?: number;
}

type Act = (queue: string, deaths: readonly Death[]) => Promise<void>;

const DEFAULT_BATCH = 200;
const MAX_BATCH = 500;

/** @throws NestworkError INVALID_OPTION */
export function assertBulkOptions(options: DeadBulkOptions): void {
  assertKnownOptions(options, ['onProgress', 'signal', 'batchSize', 'by'], 'redriveAll or deleteAll');
  assertActor(options.by);
  const { batchSize = DEFAULT_BATCH } = options;
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= MAX_BATCH) return;
  throw new NestworkError(
    'INVALID_OPTION',
    `The option \`batchSize\` is ${String(batchSize)}.`,
    `Give a whole number from 1 to ${MAX_BATCH}.`,
  );
}

/**
 * Applies an action to all dead tasks that match now, oldest first, one script for each batch. Tasks that die from now on
 * are not touched, so a task that runs and dies again is handled once.
 */
export async function actOnAll(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  { onProgress, signal, batchSize = DEFAULT_BATCH }: DeadBulkOptions,
  act: Act,
): Promise<void> {
  const present = await broker.now();
  const range = { ...filter.range, until: Math.min(filter.range.until ?? present, present) };
  const bounded = { ...filter, range };
  const total = await countMatching(broker, bounded);
  let done = 0;
  onProgress?.({ done, total });
  for (const queue of filter.queues) {
    for await (const tasks of batchesOf(broker, queue, bounded, { order: 'oldest', limit: batchSize })) {
      signal?.throwIfAborted();
      await act(
        queue,
        tasks.map(({ id, diedAt }) => ({ id, diedAt: diedAt.getTime() })),
      );
      done += tasks.length;
      onProgress?.({ done, total });
    }
  }
}

export async function countMatching(broker: DeadLetterBroker, filter: ResolvedFilter): Promise<number> {
  let count = 0;
  for (const queue of filter.queues) {
    if (filter.isRange) count += await broker.count(queue, filter.range);
    else
      for await (const tasks of batchesOf(broker, queue, filter, { order: 'oldest', limit: MAX_BATCH })) {
        count += tasks.length;
      }
  }
  return count;
}
