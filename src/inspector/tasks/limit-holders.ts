import type { LimitState, LineState } from '../../broker/port/limit-port.js';
import type { ChildOfWorker, TaskPort } from '../../broker/port/task-port.js';
import type { WorkerRecord } from '../../broker/port/worker-port.js';
import { eachTag } from '../../message/tags.js';
import { count } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { timeLength } from '../../values/time-length.js';
import { heldTask, type ListedTask } from './listed-task.js';
import { withRuns } from './task-runs.js';

/** Children that are looked at for one explanation, so many at a time, and active tasks of each: more would load Redis. */
const MOST_CHILDREN = 100;
const AT_ONCE = 10;
const MOST_OF_A_CHILD = 100;
/** Holders in one sentence. */
const MOST_NAMED = 3;

/** The active tasks that hold a limit. */
export interface LimitHolders {
  /** those that have run longest first; those whose start no worker has published last */
  readonly tasks: readonly ListedTask[];
  /** whether each active task was looked at */
  readonly isWhole: boolean;
}

/** Looks for the tasks that hold the full limits of a line, among so many active ones. By limit key. */
export async function holdersOf(
  { limits }: Pick<LineState, 'limits'>,
  places: Pick<TaskPort, 'children' | 'held'>,
  records: readonly WorkerRecord[],
): Promise<ReadonlyMap<string, LimitHolders>> {
  const full = limits.filter(isFull);
  if (full.length === 0) return new Map();
  const children = await places.children();
  const found = new Map(full.map(({ limit }) => [limit, [] as ListedTask[]]));
  const isComplete = (): boolean => full.every(({ limit, used }) => (found.get(limit)?.length ?? 0) >= used);
  let isWhole = children.length <= MOST_CHILDREN;
  for (let at = 0; at < Math.min(children.length, MOST_CHILDREN) && !isComplete(); at += AT_ONCE) {
    const pages = await Promise.all(children.slice(at, at + AT_ONCE).map((child) => holding(child, places)));
    for (const { tasks, more } of pages) {
      isWhole &&= !more;
      for (const [limit, task] of tasks) found.get(limit)?.push(task);
    }
  }
  return new Map([...found].map(([limit, tasks]) => [limit, { tasks: byStart(withRuns(tasks, records)), isWhole }]));
}

/** Whether only the end of a task opens it. */
export function isFull({ isShut, opensAt, closed }: LimitState): boolean {
  return isShut && opensAt === undefined && !closed;
}

/** Who holds a full limit, as the end of a sentence: `, by CrmTasks.push it91bwvrry0000000f0b (for 12 s) and 4 more`; '' if that is unknown. */
export function holdersText(
  { used, queue }: Pick<LimitState, 'used' | 'queue'>,
  holders: LimitHolders | undefined,
  now: number,
): string {
  if (!holders) return '';
  const { tasks, isWhole } = holders;
  const named = tasks.slice(0, MOST_NAMED).map(({ id, task, startedAt }) => {
    const time = startedAt ? ` (for ${timeLength(Math.max(now - startedAt.getTime(), 0))})` : '';
    return `${printable(task ?? 'a task')} ${id}${time}`;
  });
  const others = Math.max(used, tasks.length) - named.length;
  // a task of an ordered limit keeps its place between two attempts
  if (named.length === 0 && isWhole && queue === undefined)
    return others === 1 ? ', by a task that waits for its next attempt' : ', by tasks that wait for their next attempt';
  if (named.length === 0) return '';
  const last = others > 0 ? `${count(others)} more` : named.length > 1 ? named.pop() : undefined;
  return `, by ${named.join(', ')}${last === undefined ? '' : ` and ${last}`}`;
}

async function holding(
  child: ChildOfWorker,
  places: Pick<TaskPort, 'held'>,
): Promise<{ tasks: [limit: string, task: ListedTask][]; more: boolean }> {
  const { tasks, more } = await places.held(child.child, { after: '', limit: MOST_OF_A_CHILD });
  const found = tasks.flatMap((held) =>
    [...eachTag(held.head)]
      .filter(([letter]) => 'lq'.includes(letter))
      .map(([, limit]): [string, ListedTask] => [limit, heldTask(child, held)]),
  );
  return { tasks: found, more };
}

function byStart(tasks: readonly ListedTask[]): ListedTask[] {
  const start = ({ startedAt }: ListedTask): number => startedAt?.getTime() ?? Number.MAX_SAFE_INTEGER;
  return tasks.toSorted((a, b) => start(a) - start(b));
}
