import type { DoneBroker } from '../../broker/port/done-port.js';
import type { DoneRecord } from '../../task/done-record.js';
import { dateOf } from '../../values/dates.js';
import { invalid } from '../../values/option-values.js';
import type { ListedTask } from './listed-task.js';
import type { ResolvedList, TaskPage } from './task-list-options.js';

const CURSOR = /^done-(\d{1,6})$/;

/** Where a list of done tasks goes on: how many were passed over. */
export function donePosition(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, passed] = (typeof cursor === 'string' && CURSOR.exec(cursor)) || [];
  if (passed !== undefined) return Number(passed);
  throw invalid(
    'cursor',
    'was not returned by list() for done tasks',
    'Pass the `cursor` of the page before as it is.',
  );
}

/** A name without `keepDone` has none. */
export async function readDone(broker: DoneBroker, task: string, list: ResolvedList): Promise<TaskPage> {
  const { order, limit, passed, queue, id = '' } = list;
  const page = await broker.page(task, { order, passed, limit });
  const wanted = page.records.filter((one) => one.id.startsWith(id) && (queue === undefined || one.queue === queue));
  const cursor = page.left > 0 ? `done-${passed + page.looked}` : undefined;
  return { tasks: wanted.map((one) => doneTask(task, one)), cursor, looked: page.looked, left: page.left };
}

/** The last execution of a task of any of these names. */
export async function findDone(
  broker: DoneBroker,
  names: readonly string[],
  id: string,
): Promise<(DoneRecord & { readonly task: string }) | undefined> {
  for (const task of names) {
    const record = await broker.find(task, id);
    if (record) return { ...record, task };
  }
  return undefined;
}

function doneTask(task: string, { id, queue, enqueuedAt, startedAt, endedAt, attempt }: DoneRecord): ListedTask {
  return {
    id,
    state: 'done',
    heldBack: false,
    queue,
    task,
    enqueuedAt: dateOf(enqueuedAt),
    dueAt: undefined,
    startedAt: dateOf(startedAt),
    endedAt: dateOf(endedAt),
    attempt,
    child: undefined,
    worker: undefined,
  };
}
