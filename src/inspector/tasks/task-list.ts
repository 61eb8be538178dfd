import type { ChildOfWorker, TaskPort, WaitingPlace } from '../../broker/port/task-port.js';
import { labelOf } from '../../message/message-label.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import { once } from '../../values/once.js';
import { argumentsIn } from './arguments-in.js';
import { heldTask, type ListedTask, waitingTask } from './listed-task.js';
import {
  cursorOf,
  type ResolvedList,
  type TaskPage,
  type TaskPlaceName,
  type TaskPosition,
} from './task-list-options.js';

/** Looked at by one script, which takes 1 to 2 ms for it deep in a long list. */
const STEP = 2_000;
/** The same where each message is wanted whole, which takes longer. */
const STEP_WHOLE = 500;

/** What one step found, and where the next one goes on; undefined at the end of the place. */
interface Step {
  readonly tasks: readonly ListedTask[];
  readonly looked: number;
  /** see TaskPage */
  readonly sealed: number;
  readonly next: TaskPosition | undefined;
}

/**
 * Decides about a task by its arguments, which it reads when it needs them; undefined for bytes that are no call, and for sealed ones without the key.
 *
 * @internal
 */
export type TaskMatcher = (
  task: ListedTask,
  args: () => readonly unknown[] | undefined,
  /** what another program wrote, of a task that waits */
  bytes?: Buffer,
) => Promise<boolean>;

/** A part of a list, and who decides about its tasks. */
interface Search extends ResolvedList {
  readonly matches?: TaskMatcher | undefined;
  /** whether `matches` lets all pass, and only reads: then no more are read than the page shows */
  readonly passesAll?: boolean | undefined;
  /** opens the arguments */
  readonly payloads?: PayloadCodec | undefined;
}

/** A search that is under way. */
interface Running extends Search {
  /** by `performance.now()`; infinite where nobody decides about the tasks */
  readonly endsAt: number;
  /** read once for a page, and only when it comes to active tasks */
  readonly children: () => Promise<readonly ChildOfWorker[]>;
}

/** Reads one page, step by step, through one place after the other. */
export async function readTasks(port: TaskPort, list: Search): Promise<TaskPage> {
  const endsAt = performance.now() + list.withinMs;
  const tasks: ListedTask[] = [];
  let [looked, sealed] = [0, 0];
  const [first, ...behind] = list.places.slice(startOf(list));
  let position = first && list.from;
  const rests = await placesFrom(port, first && !position ? [first, ...behind] : behind);
  const search = {
    ...list,
    endsAt: list.matches && !list.passesAll ? endsAt : Number.POSITIVE_INFINITY,
    children: once(() => port.children()),
  };
  for (;;) {
    if (!position) {
      position = beginningOf(rests.shift(), list.order);
      if (!position) return { tasks, cursor: undefined, looked, left: 0, ...(sealed > 0 && { sealed }) };
    }
    if (tasks.length === list.limit || (performance.now() > endsAt && looked > 0)) {
      const left = rests.reduce((sum, { size }) => sum + size, position.rest);
      return { tasks, cursor: cursorOf(position), looked, left, ...(sealed > 0 && { sealed }) };
    }
    const step: Step = await take(port, position, { ...search, limit: list.limit - tasks.length });
    tasks.push(...step.tasks);
    looked += step.looked;
    sealed += step.sealed;
    position = step.next;
  }
}

/** The place of the cursor. A queue that the catalog has lost has nothing left to read. */
function startOf({ places, from }: ResolvedList): number {
  if (!from) return 0;
  const index = places.findIndex((place) => place.state === from.state && queueOf(place) === from.queue);
  return index < 0 ? places.length : index;
}

function queueOf(place: TaskPlaceName): string {
  return place.state === 'active' ? '' : place.queue;
}

interface Rest {
  readonly place: TaskPlaceName;
  /** 0 for active tasks, which nobody counts */
  readonly size: number;
}

/** Those in which a task may be, as far as one look at all queues shows. */
async function placesFrom(port: TaskPort, places: readonly TaskPlaceName[]): Promise<Rest[]> {
  const waiting = places.filter((place) => place.state !== 'active');
  const sizes = waiting.length === 0 ? [] : await port.sizes(waiting);
  const filled = waiting.map((place, at) => ({ place, size: sizes[at] ?? 0 })).filter(({ size }) => size > 0);
  const active = places.filter(({ state }) => state === 'active').map((place) => ({ place, size: 0 }));
  return [...active, ...filled];
}

function beginningOf(rest: Rest | undefined, order: ResolvedList['order']): TaskPosition | undefined {
  if (!rest) return undefined;
  const { place, size } = rest;
  return { queue: '', child: '', after: '', ...place, at: order === 'oldest' ? size : 0, rest: size };
}

function take(port: TaskPort, position: TaskPosition, list: Running): Promise<Step> {
  return position.state === 'active' ? takeHeld(port, position, list) : takeWaiting(port, position, list);
}

async function takeWaiting(port: TaskPort, position: TaskPosition, list: Running): Promise<Step> {
  const { order, task, id, limit, matches, passesAll } = list;
  const place = { queue: position.queue, state: position.state } as WaitingPlace;
  const look = Math.min(matches && !passesAll ? STEP_WHOLE : STEP, position.rest);
  const query = { order, at: position.at, look, task, id, whole: matches !== undefined };
  const page = await port.page(place, { ...query, limit: matches && !passesAll ? look : limit });
  const found = page.tasks.map((entry) => ({
    task: waitingTask(place, entry),
    message: entry.head,
    bytes: entry.bytes,
  }));
  const { tasks, read, sealed } = await thoseThat(found, list);
  const looked = read < found.length ? (page.tasks[read - 1]?.looked ?? 0) : page.looked;
  const ahead = page.looked - looked;
  const rest = Math.min(position.rest - looked, page.left + ahead);
  const at = order === 'oldest' ? page.next + ahead : page.next - ahead;
  const next = rest > 0 && page.looked > 0 ? { ...position, at, rest } : undefined;
  return { tasks, looked, sealed, next };
}

interface Found {
  readonly task: ListedTask;
  readonly message: string;
  readonly bytes?: Buffer | undefined;
}

/** The first that match, and how many were read for them: one at least, though the time is over. */
async function thoseThat(
  found: readonly Found[],
  {
    matches = all,
    limit,
    endsAt,
    payloads = PLAIN_PAYLOADS,
  }: Pick<Running, 'matches' | 'limit' | 'endsAt' | 'payloads'>,
): Promise<{ readonly tasks: ListedTask[]; readonly read: number; readonly sealed: number }> {
  const tasks: ListedTask[] = [];
  let [read, sealed] = [0, 0];
  for (const { task, message, bytes } of found) {
    if (tasks.length === limit || (read > 0 && performance.now() > endsAt)) break;
    read += 1;
    const args = (): readonly unknown[] | undefined => {
      const opened = argumentsIn(message, payloads);
      if (opened === undefined && labelOf(message)?.sealed) sealed += 1;
      return opened;
    };
    if (await matches(task, args, bytes)) tasks.push(task);
  }
  return { tasks, read, sealed };
}

/** Lets all pass. */
export async function all(): Promise<boolean> {
  return true;
}

/** From one child. */
async function takeHeld(port: TaskPort, position: TaskPosition, list: Running): Promise<Step> {
  const children = (await list.children()).filter(({ child }) => child >= position.child);
  const [first, second] = children;
  if (!first) return { tasks: [], looked: 0, sealed: 0, next: undefined };
  const after = first.child === position.child ? position.after : '';
  // few that match: a filter leaves the rest of them to the next step
  const { matches, limit } = list;
  const { tasks, more } = await port.held(first.child, { after, limit, whole: matches !== undefined });
  const held = tasks.map((task) => ({ task: heldTask(first, task), message: task.head }));
  const wanted = held.filter(({ task }) => isWanted(task, list));
  const { tasks: found, read, sealed } = await thoseThat(wanted, list);
  const last = read < wanted.length ? wanted[read - 1] : held.at(-1);
  const looked = last ? held.indexOf(last) + 1 : 0;
  const isMore = more || looked < held.length;
  const behind = isMore
    ? { child: first.child, after: last?.task.id ?? '' }
    : second && { child: second.child, after: '' };
  return { tasks: found, looked, sealed, next: behind && { ...position, ...behind } };
}

/** Whether a task that a child holds is among those that a list is about. */
export function isWanted({ queue, task, id }: ListedTask, list: Pick<ResolvedList, 'queue' | 'task' | 'id'>): boolean {
  return (
    (list.queue === undefined || queue === list.queue) &&
    (list.task === undefined || task === list.task) &&
    (list.id === undefined || id.startsWith(list.id))
  );
}
