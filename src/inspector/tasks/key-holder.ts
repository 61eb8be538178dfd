import type { FoundTask, TaskPort } from '../../broker/port/task-port.js';
import type { PayloadCodec } from '../../payload/payload-codec.js';
import { argumentsIn } from './arguments-in.js';
import { heldTask, type ListedTask, waitingTask } from './listed-task.js';
import { all, type TaskMatcher } from './task-list.js';
import type { TaskListOptions, TaskPage } from './task-list-options.js';

interface Keyed {
  /** those that the key may have */
  readonly digests: readonly string[];
  /** opens the arguments */
  readonly payloads: PayloadCodec;
}

type Filter = Pick<TaskListOptions, 'state' | 'queue' | 'id'>;

/** The task that has a key, if the list wants it: nothing else is looked at. */
export async function readHolder(
  port: TaskPort,
  { digests, payloads }: Keyed,
  { state, queue, id = '' }: Filter,
  matches: TaskMatcher = all,
): Promise<TaskPage> {
  const holders = await Promise.all(digests.map((digest) => port.holderOf(digest)));
  const holder = holders.find((one) => one !== undefined);
  const found = holder && (await port.find(holder.id, [holder.queue]));
  const task = found && (await listed(port, holder.id, found));
  const isOfList =
    task !== undefined &&
    (state === undefined || task.state === state) &&
    (queue === undefined || task.queue === queue) &&
    task.id.startsWith(id) &&
    (await matches(task, () => argumentsIn(found?.message ?? '', payloads)));
  return { tasks: isOfList ? [task] : [], cursor: undefined, looked: task ? 1 : 0, left: 0 };
}

/** Undefined for one that has ended meanwhile. A cancelled one that a child still holds is active, as in every list. */
async function listed(port: TaskPort, id: string, found: FoundTask): Promise<ListedTask | undefined> {
  const { state, queue, message: head, dueAt, child, inLine, heldBack = false } = found;
  if (queue === undefined || head === undefined) return undefined;
  if (state === 'pending' || state === 'quarantined' || state === 'scheduled') {
    return waitingTask({ queue, state: inLine ? 'held' : state }, { head, dueAt, looked: 1, heldBack });
  }
  const holder = (await port.children()).find((one) => one.child === child);
  return holder && heldTask(holder, { id, queue, head });
}
