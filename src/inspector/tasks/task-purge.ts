import type { PurgeStep, TaskPort } from '../../broker/port/task-port.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { assertTaskName } from '../../values/task-name.js';
import { pastMoment } from '../past-moment.js';
import { type ListedTask, waitingTask } from './listed-task.js';

/**
 * Which pending tasks of a queue to purge: those that meet all given conditions, quarantined and held-back ones included.
 *
 * @example
 * const stale: PurgeFilter = { task: 'DigestTasks.send', olderThan: '1d' };
 * await inspector.tasks.purge('mail', stale, { by: 'anna' });
 */
export interface PurgeFilter {
  /** only calls of this task, such as `ReportTasks.send` */
  task?: string;
  /** only tasks that came into the queue before then: a date, or so long ago */
  olderThan?: Date | Duration;
}

/**
 * The progress of a purge.
 *
 * @example
 * const onProgress = ({ purged, looked, total }: PurgeProgress) => console.log(`${purged}, at ${looked} of ${total}`);
 */
export interface PurgeProgress {
  /** tasks that are gone */
  readonly purged: number;
  /** tasks that were looked at, purged ones included */
  readonly looked: number;
  /** tasks to look at, when the call began; it grows when more come */
  readonly total: number;
  /** where another call goes on if this one ends now; undefined at the beginning, and once all was looked at */
  readonly cursor: string | undefined;
}

/**
 * How to purge.
 *
 * @example
 * const options: PurgeOptions = { by: 'anna', signal: AbortSignal.timeout(60_000) };
 */
export interface PurgeOptions {
  /** The name of the person or program that purges, for the record of actions. At most 256 characters. */
  by: string;
  /**
   * Called at the beginning and after each batch. An error that it throws ends the call between two batches.
   * @default none
   */
  onProgress?: (progress: PurgeProgress) => void;
  /**
   * Ends the call between two batches; its result then has a cursor.
   * @default none
   */
  signal?: AbortSignal;
  /**
   * Ends the call after this time; its result then has a cursor.
   * @default none
   */
  within?: Duration;
  /**
   * The `cursor` of a purge that was ended.
   * @default from the beginning
   */
  cursor?: string;
}

/**
 * The result of a purge.
 *
 * @example
 * const { purged, cursor }: PurgeResult = await inspector.tasks.purge('mail', {}, { by: 'anna', within: '10s' });
 */
export interface PurgeResult {
  /** tasks that are gone */
  readonly purged: number;
  /** tasks that were looked at, purged ones included */
  readonly looked: number;
  /** where to go on; undefined when all was looked at */
  readonly cursor: string | undefined;
}

/**
 * The effect that a purge would have.
 *
 * @example
 * const { matching, looked, total }: PurgePreview = await inspector.tasks.previewPurge('mail', { olderThan: '1d' });
 * console.log(looked < total ? `at least ${matching}` : matching);
 */
export interface PurgePreview {
  /** tasks that match among those that were looked at */
  readonly matching: number;
  /** tasks that were looked at before the time was up */
  readonly looked: number;
  /** tasks that wait in the queue */
  readonly total: number;
  /** up to ten of those that match, the newest first */
  readonly sample: readonly ListedTask[];
}

/** A filter that was checked. */
export interface ResolvedPurge {
  readonly queue: string;
  readonly task: string | undefined;
  /** ms since 1970 */
  readonly before: number | undefined;
}

const LISTS = ['quarantined', 'pending', 'held'] as const;
const CURSOR = /^(quarantined|pending|held)-(\d{1,15})-(\d{1,15})$/;
const STEP = 2_000;
const SAMPLE = 10;
const PREVIEW_MS = 5_000;

/** @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION */
export async function resolvePurge(port: TaskPort, queue: string, filter: PurgeFilter): Promise<ResolvedPurge> {
  assertKnownOptions(filter, ['task', 'olderThan'], 'a purge');
  for (const [name, value] of Object.entries(filter)) {
    // of a variable that is not set
    if (value === undefined) throw invalid(name, 'is undefined, which would mean all tasks', 'Leave it out for all.');
  }
  const { task, olderThan } = filter;
  if (task !== undefined) assertTaskName(task, 'a purge');
  const before = olderThan === undefined ? undefined : await pastMoment(olderThan, 'olderThan', () => port.now());
  return { queue, task, before };
}

/** Purges batch by batch, from the tail on: it never looks at a kept task again. */
export async function purgeTasks(port: TaskPort, purge: ResolvedPurge, options: PurgeOptions): Promise<PurgeResult> {
  const { signal, onProgress, within } = options;
  const endsAt = within === undefined ? Number.POSITIVE_INFINITY : performance.now() + toMilliseconds(within, 'within');
  const { queue, task, before } = purge;
  const from = options.cursor === undefined ? undefined : positionOf(options.cursor);
  const sizes = await port.sizes(LISTS.map((state) => ({ queue, state })));
  const first = from ? LISTS.indexOf(from.state) : 0;
  const rests = LISTS.map((_, index) => (from && index === first ? from.rest : (sizes[index] ?? 0)));
  const total = rests.slice(first).reduce((sum, rest) => sum + rest, 0);
  let [purged, looked] = [0, 0];
  onProgress?.({ purged, looked, total, cursor: undefined });
  // it ends, however many come meanwhile
  const most = 2 * total + STEP;
  for (let index = first; index < LISTS.length; index += 1) {
    const state = LISTS[index] as (typeof LISTS)[number];
    let passed = index === first ? (from?.passed ?? 0) : 0;
    let rest = rests[index] ?? 0;
    while (rest > 0) {
      if (signal?.aborted || performance.now() > endsAt || looked >= most)
        return { purged, looked, cursor: `${state}-${passed}-${rest}` };
      const step: PurgeStep = await port.purge(queue, { state, passed, task, before, look: STEP });
      purged += step.purged;
      looked += step.looked;
      passed = step.passed;
      // as far as the head: each task that comes meanwhile puts an old one further from the tail
      rest = step.looked === 0 ? 0 : step.left;
      const cursor = rest > 0 ? `${state}-${passed}-${rest}` : undefined;
      onProgress?.({ purged, looked, total: Math.max(total, looked), cursor });
    }
  }
  return { purged, looked, cursor: undefined };
}

/** Counts what a purge would remove, for as long as people wait for an answer. */
export async function previewPurge(port: TaskPort, { queue, task, before }: ResolvedPurge): Promise<PurgePreview> {
  const endsAt = performance.now() + PREVIEW_MS;
  const all = task === undefined && before === undefined;
  const sample: ListedTask[] = [];
  let [matching, looked, total] = [0, 0, 0];
  for (const state of LISTS) {
    const place = { queue, state };
    const [size = 0] = await port.sizes([place]);
    total += size;
    let [at, rest] = [0, all ? Math.min(size, SAMPLE) : size];
    while (rest > 0 && performance.now() < endsAt) {
      const query = { order: 'newest', at, limit: 1_000, look: Math.min(STEP, rest), task, id: undefined } as const;
      const page = await port.page(place, query);
      const found = page.tasks.map((entry) => waitingTask(place, entry)).filter(isOld(before));
      sample.push(...found.slice(0, SAMPLE - sample.length));
      matching += found.length;
      looked += page.looked;
      at = page.next;
      rest = page.looked === 0 ? 0 : Math.min(rest - page.looked, page.left);
    }
  }
  return all ? { matching: total, looked: total, total, sample } : { matching, looked, total, sample };
}

function isOld(before: number | undefined): (task: ListedTask) => boolean {
  return ({ enqueuedAt }) => before === undefined || (enqueuedAt?.getTime() ?? 0) < before;
}

/** @throws NestworkError INVALID_OPTION */
export function positionOf(cursor: string): { state: (typeof LISTS)[number]; passed: number; rest: number } {
  const [, state, passed, rest] = (typeof cursor === 'string' && CURSOR.exec(cursor)) || [];
  if (state === undefined) {
    throw invalid('cursor', `is ${shown(cursor)}, and none of a purge`, 'Pass the `cursor` of the result as it is.');
  }
  return { state: state as (typeof LISTS)[number], passed: Number(passed), rest: Number(rest) };
}
