import { digestsOf } from '../../message/unique-key.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import { type Duration, toMilliseconds } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { assertWhole, invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { assertTaskName } from '../../values/task-name.js';
import type { KnownQueues } from '../queues/known-queues.js';
import { donePosition } from './done-tasks.js';
import type { ListedState, ListedTask, TaskPlaceState } from './listed-task.js';

/**
 * Which tasks to list, and how many.
 *
 * @example
 * const options: TaskListOptions = { state: 'pending', queue: 'mail', task: 'MailTasks.send', limit: 20 };
 * const { tasks } = await inspector.tasks.list(options);
 */
export interface TaskListOptions {
  /**
   * Only tasks in this state. `'done'` needs `task`, a name with `keepDone`.
   * @default active ones, then quarantined, pending and scheduled ones
   */
  state?: ListedState;
  /**
   * Only tasks of this queue.
   * @default all queues that a worker has ever served
   */
  queue?: string;
  /**
   * Only calls of this task, such as `ReportTasks.send`.
   * @default all
   */
  task?: string;
  /**
   * Only tasks whose id begins so.
   * @default all
   */
  id?: string;
  /**
   * Only tasks whose arguments contain this text, in the same case, in the form in which they are shown:
   * `["in_88213", {amount: 4900, at: Date 2026-11-27T14:25:49.120Z}]`. Sealed ones are searched with the key alone. Not for done tasks, which have
   * no arguments left.
   * @default all
   */
  text?: string;
  /**
   * Only the task that has this unique key now: with `task`, whose calls it belongs to. It is found at once, without a search.
   * Not for done tasks, which have none left.
   * @default all
   */
  key?: string;
  /**
   * How many tasks at most, 1 to 1,000.
   * @default 50
   */
  limit?: number;
  /**
   * In each queue, which tasks come first: the `oldest`, which run next, or the `newest`; pending tasks with limits, tenants or priorities come
   * behind the others, those with the same ones together; of scheduled tasks those that are due
   * first or last, of done ones those that ended first or last. Active tasks have no order.
   * @default 'oldest'; of done tasks 'newest'
   */
  order?: 'oldest' | 'newest';
  /**
   * The `cursor` of the page before.
   * @default from the beginning
   */
  cursor?: string;
  /**
   * Ends the search after this time; its cursor goes on.
   * @default '5s'
   */
  within?: Duration;
}

/**
 * One part of a list. Tasks move while it is read: those that come, end or are claimed may be missing, or be there twice.
 *
 * @example
 * const { looked, left, cursor }: TaskPage = await inspector.tasks.list({ task: 'MailTasks.send' });
 * if (cursor !== undefined) console.log(`Looked at ${looked} tasks, ${left} are left.`);
 */
export interface TaskPage {
  /** the tasks that match */
  readonly tasks: readonly ListedTask[];
  /** where to go on; undefined when all was looked at. A page without tasks may have one: the time was up */
  readonly cursor: string | undefined;
  /** how many tasks were looked at for this page */
  readonly looked: number;
  /** about how many are left to look at, active ones aside */
  readonly left: number;
  /** of a search by `text`: tasks whose arguments are sealed with a key that this process does not have, so that it could not look into them; left out for none */
  readonly sealed?: number;
}

export type TaskPlaceName =
  | { readonly state: 'active' }
  | { readonly state: Exclude<TaskPlaceState, 'active'>; readonly queue: string };

/** Where in its place a page goes on. */
export interface TaskPosition {
  readonly state: TaskPlaceState;
  /** '' for active ones */
  readonly queue: string;
  /** of a list or schedule, see WaitingQuery; 0 for active ones */
  readonly at: number;
  /** how many are left to look at, so that a walk against the stream of new tasks ends */
  readonly rest: number;
  /** of active ones: the child, and the id behind which to go on */
  readonly child: string;
  readonly after: string;
}

/** A list that was checked. */
export interface ResolvedList {
  readonly places: readonly TaskPlaceName[];
  readonly queue: string | undefined;
  readonly task: string | undefined;
  readonly id: string | undefined;
  readonly text: string | undefined;
  /** of the key that the one wanted task has: that of a sealed task is another one */
  readonly digests: readonly string[] | undefined;
  readonly limit: number;
  readonly order: 'oldest' | 'newest';
  readonly from: TaskPosition | undefined;
  /** of done ones: how many to pass over */
  readonly passed: number;
  readonly withinMs: number;
}

const STATES = ['active', 'quarantined', 'pending', 'scheduled'] as const;
/** Where the tasks of a state lie. */
const PLACES: readonly TaskPlaceState[] = [...STATES, 'held'];
const OPTIONS = ['state', 'queue', 'task', 'id', 'text', 'key', 'limit', 'order', 'cursor', 'within'];
const ID_START = /^[0-9a-z]{1,20}$/;
const MAX_LIMIT = 1_000;

/** @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION, UNKNOWN_QUEUE */
export async function resolveList(
  options: TaskListOptions,
  known: KnownQueues,
  payloads: PayloadCodec = PLAIN_PAYLOADS,
): Promise<ResolvedList> {
  assertKnownOptions(options, OPTIONS, 'a list of tasks');
  const { state, queue, task, id, text, key, limit = 50, cursor, within = '5s' } = options;
  const isDone = state === 'done';
  const { order = isDone ? 'newest' : 'oldest' } = options;
  if (state !== undefined && !isDone && !STATES.includes(state)) {
    const states = [...STATES, 'done'].join(', ');
    throw invalid('state', `is ${shown(state)}`, [`Give one of: ${states}.`, 'Dead tasks are in `dead`.']);
  }
  if (isDone && task === undefined) {
    throw invalid(
      'state',
      "is 'done', for which `task` is missing",
      'Name a task that has `keepDone`: done tasks are kept by name.',
    );
  }
  if (task !== undefined) assertTaskName(task, 'a list of tasks');
  if (id !== undefined && !(typeof id === 'string' && ID_START.test(id))) {
    throw invalid('id', `is ${shown(id)}`, 'Give an id, or how it begins: up to 20 of the characters 0-9 and a-z.');
  }
  if (text !== undefined && (typeof text !== 'string' || text === '')) {
    throw invalid('text', `is ${shown(text)}`, 'Give a part of the arguments, or leave it out for all tasks.');
  }
  if (text !== undefined && isDone) {
    throw invalid('text', "is given with the state 'done'", 'Leave it out: done tasks have no arguments left.');
  }
  const digests = key === undefined ? undefined : digestsIn(options, key, payloads);
  assertWhole('limit', limit, MAX_LIMIT);
  if (order !== 'oldest' && order !== 'newest') {
    throw invalid('order', `is ${shown(order)}`, "Give 'oldest' or 'newest'.");
  }
  const from = cursor === undefined || isDone ? undefined : positionOf(cursor);
  const passed = isDone ? donePosition(cursor) : 0;
  const withinMs = toMilliseconds(within, 'within');
  const queues = await known.choose(queue);
  const states = isDone ? [] : state === undefined ? STATES : [state];
  const places = states.flatMap((one): TaskPlaceName[] => {
    if (one === 'active') return [{ state: one }];
    const parts = one === 'pending' ? ([one, 'held'] as const) : [one];
    return queues.flatMap((name) => parts.map((state) => ({ state, queue: name })));
  });
  return { places, queue, task, id, text, digests, limit, order, from, passed, withinMs };
}

function digestsIn({ state, task, cursor }: TaskListOptions, key: string, payloads: PayloadCodec): readonly string[] {
  if (task === undefined) {
    throw invalid('key', 'is given without `task`', 'Name the task, too: keys of different tasks never meet.');
  }
  if (state === 'done') {
    throw invalid('key', "is given with the state 'done'", 'Leave it out: done tasks have no key left.');
  }
  if (cursor !== undefined) {
    throw invalid('cursor', 'is given with `key`', 'Leave it out: one task at most has a key.');
  }
  return digestsOf(task, key, payloads);
}

export function cursorOf({ state, queue, at, rest, child, after }: TaskPosition): string {
  return encoded([state, queue, at, rest, child, after]);
}

/** As `fieldsOf` reads it. */
export function encoded(fields: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

export function positionOf(cursor: string): TaskPosition {
  const [state, queue, at, rest, child, after] = fieldsOf(cursor);
  const isState = PLACES.some((one) => one === state);
  const areTexts = [queue, child, after].every((text) => typeof text === 'string');
  const areCounts = [at, rest].every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
  if (isState && areTexts && areCounts) return { state, queue, at, rest, child, after } as TaskPosition;
  throw invalid('cursor', 'was not returned by list()', 'Pass the `cursor` of the page before as it is.');
}

/** What a cursor has; nothing for a text that is none. */
export function fieldsOf(cursor: string): unknown[] {
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(fields) ? fields : [];
  } catch {
    return [];
  }
}
