import type { DeadLetterBroker, Death } from '../broker/port/broker.js';
import { NestworkError } from '../errors.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { type ActorOptions, assertActor } from './actor.js';
import type { ResolvedFilter } from './dead-filter.js';
import { batchesOf, type DeadTasks, filledQueues } from './dead-reader.js';
import type { DeadTask } from './dead-task.js';

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
  /** those of them that were redriven or deleted; the others were gone, or cannot run */
  readonly changed: number;
  /** tasks that matched at the beginning, at most `limit`; others may have removed some since */
  readonly total: number;
  /** where another call goes on if this one ends now; undefined at the beginning */
  readonly cursor: string | undefined;
}

/**
 * Options of `redriveAll` and `deleteAll`.
 *
 * @example
 * const options: DeadBulkOptions = { batchSize: 50, signal: AbortSignal.timeout(60_000) };
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
   * @default 100
   */
  batchSize?: number;
  /**
   * The call ends after this time, between two batches. The result then has a `cursor`.
   * @default no limit
   */
  within?: Duration;
  /**
   * At most so many tasks, those of one queue after those of another, and of each queue those that died first. If more may match,
   * the result has a `cursor`.
   * @default no limit
   */
  limit?: number;
  /**
   * Where a call before ended: the `cursor` of its result or its progress. Takes the same filter.
   * @default from the oldest on
   */
  cursor?: string | undefined;
  /**
   * How many match, if you have just counted them.
   * @default they are counted, if there is an `onProgress`
   */
  total?: number;
  /**
   * Decides for each task whether the one who acts may act on it; others stay as they are.
   *
   * @internal
   */
  only?: (task: DeadTask) => Promise<boolean>;
  /**
   * The filter for the record of actions, where `only` looks for something that the filter has not.
   *
   * @internal
   */
  subject?: object;
}

/** What is done to each batch, and to how many tasks it was done so far. */
interface Act {
  readonly to: (queue: string, deaths: readonly Death[]) => Promise<void>;
  readonly count: () => number;
}

/** Tasks that one script acts on by default: others wait about 1 ms for it, see `bench/bulk-actions.mjs`. */
export const BULK_BATCH = 100;
/** Tasks that one script reads to count them; as above. */
const COUNT_BATCH = 200;
const MAX_BATCH = 500;

const CURSOR = /^(\d{1,16})-(\d{1,16})-([0-9a-z]{20})-(.+)$/;
const OPTIONS = ['onProgress', 'signal', 'batchSize', 'within', 'limit', 'cursor', 'total', 'by', 'only', 'subject'];

/** Options that were checked. */
export interface ResolvedBulk {
  readonly onProgress: ((progress: DeadProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly batchSize: number;
  /** by `performance.now()` */
  readonly endsAt: number;
  /** infinite for no limit */
  readonly limit: number;
  readonly from: Position | undefined;
  readonly total: number | undefined;
  readonly only: ((task: DeadTask) => Promise<boolean>) | undefined;
}

/** A place in the dead of all queues. */
interface Position {
  readonly queue: string;
  readonly after: Death;
  /** tasks that died later are not meant: ms since 1970 */
  readonly until: number;
}

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function resolveBulk(options: DeadBulkOptions): ResolvedBulk {
  assertKnownOptions(options, OPTIONS, 'redriveAll or deleteAll');
  assertActor(options.by);
  const { batchSize = BULK_BATCH, within, limit = Number.POSITIVE_INFINITY, cursor, total, only } = options;
  assertWhole('batchSize', batchSize, MAX_BATCH);
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 1))
    throw invalid('limit', `is ${shown(limit)}`, 'Give a whole number from 1 on, or leave it out if all are meant.');
  if (total !== undefined && (!Number.isInteger(total) || total < 0))
    throw invalid('total', `is ${String(total)}`, 'Pass the result of count().');
  const endsAt = within === undefined ? Number.POSITIVE_INFINITY : performance.now() + toMilliseconds(within, 'within');
  const from = cursor === undefined ? undefined : positionOf(cursor);
  return { onProgress: options.onProgress, signal: options.signal, batchSize, endsAt, limit, from, total, only };
}

/**
 * Applies an action to all dead tasks that match now, oldest first, one script for each batch. Tasks that die from now on
 * are not touched, so a task that runs and dies again is handled once.
 *
 * @returns the cursor, if the time was over first, or the limit was reached and more may match
 */
export async function actOnAll(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  { onProgress, signal, batchSize, endsAt, limit, from, total: known, only }: ResolvedBulk,
  act: Act,
): Promise<string | undefined> {
  const bounded = boundedBy(from ?? { until: await broker.now() }, filter);
  // a count by text reads all records once more, so it is made only for a caller who follows the progress
  const isCounted = onProgress !== undefined || filter.isRange;
  const matching =
    known ?? (isCounted ? await countMatching(broker, bounded, { from, signal }) : Number.POSITIVE_INFINITY);
  const total = Math.min(matching, limit);
  let done = 0;
  onProgress?.({ done, changed: 0, total, cursor: undefined });
  for (const { queue } of await filledQueues(broker, bounded)) {
    const after = queue === from?.queue ? from.after : undefined;
    const query = { order: 'oldest', limit: batchSize, after, ahead: true } as const;
    for await (const batch of batchesOf(broker, queue, bounded, query)) {
      signal?.throwIfAborted();
      const { tasks, last } = atMost(limit - done, batch);
      const deaths = (await chosen(tasks, only)).map(({ id, diedAt }) => ({ id, diedAt: diedAt.getTime() }));
      if (deaths.length > 0) await act.to(queue, deaths);
      if (!last) continue;
      done += tasks.length;
      const cursor = `${bounded.range.until}-${last.diedAt}-${last.id}-${queue}`;
      if (tasks.length > 0) onProgress?.({ done, changed: act.count(), total, cursor });
      if (done === limit) return done < matching ? cursor : undefined;
      if (performance.now() > endsAt) return cursor;
    }
  }
  return undefined;
}

async function chosen(tasks: readonly DeadTask[], only: ResolvedBulk['only']): Promise<readonly DeadTask[]> {
  if (!only) return tasks;
  const answers = await Promise.all(tasks.map((task) => only(task)));
  return tasks.filter((_, index) => answers[index]);
}

/** The first ones of a batch; the last one that was read is then the last of these. */
function atMost(limit: number, batch: DeadTasks): DeadTasks {
  const tasks = batch.tasks.slice(0, limit);
  const last = tasks.at(-1);
  if (!last || tasks.length === batch.tasks.length) return batch;
  return { tasks, last: { diedAt: last.diedAt.getTime(), id: last.id } };
}

/** How far to count, and from where. */
interface Extent {
  readonly from?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws the reason of the signal */
export async function countMatching(
  broker: DeadLetterBroker,
  filter: ResolvedFilter,
  { from, signal }: Extent = {},
): Promise<number> {
  let count = 0;
  for (const { queue, size } of await filledQueues(broker, filter)) {
    const after = queue === from?.queue ? from.after : undefined;
    if (filter.isRange && !after) count += size;
    else {
      const query = { order: 'oldest', limit: COUNT_BATCH, after, ahead: true } as const;
      for await (const { tasks } of batchesOf(broker, queue, filter, query)) {
        signal?.throwIfAborted();
        count += tasks.length;
      }
    }
  }
  return count;
}

/** The same filter without tasks that die later, without the queues that come before and those before the place in its own. */
export function boundedBy(
  from: Pick<Position, 'until'> | Position | undefined,
  filter: ResolvedFilter,
): ResolvedFilter {
  if (!from) return filter;
  const { until, queue, after } = { queue: undefined, after: undefined, ...from };
  const first = queue === undefined ? 0 : filter.queues.indexOf(queue);
  if (first < 0) throw invalid('cursor', `is of the queue "${queue}"`, 'Pass the filter of the call that returned it.');
  const range = { ...filter.range, until: Math.min(filter.range.until ?? until, until) };
  const isBefore = (task: DeadTask): boolean => after !== undefined && task.queue === queue && !isBehind(task, after);
  const matches = (task: DeadTask): boolean => !isBefore(task) && filter.matches(task);
  return { ...filter, queues: filter.queues.slice(first), range, matches };
}

/** In the order of Redis: by time, then by id. */
function isBehind({ diedAt, id }: DeadTask, after: Death): boolean {
  const time = diedAt.getTime();
  return time === after.diedAt ? id > after.id : time > after.diedAt;
}

/** @throws NestworkError INVALID_OPTION */
function positionOf(cursor: string): Position {
  const [, until, diedAt, id, queue] = (typeof cursor === 'string' && CURSOR.exec(cursor)) || [];
  if (queue === undefined || id === undefined)
    throw invalid('cursor', `is ${shown(cursor)}`, 'Pass the `cursor` of the call before as it is.');
  return { until: Number(until), after: { diedAt: Number(diedAt), id }, queue };
}

function invalid(name: string, what: string, remedy: string): NestworkError {
  return new NestworkError('INVALID_OPTION', `The option \`${name}\` of redriveAll or deleteAll ${what}.`, remedy);
}
