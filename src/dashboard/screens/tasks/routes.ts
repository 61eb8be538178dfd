import { idsIn, subjectOfIds } from '../../http/ids.js';
import { Refused } from '../../http/refused.js';
import { type BulkProgress, type BulkResult, bulk, type Call, type Route, read } from '../../http/route.js';
import { timeOf } from '../task/new-time.js';
import { listScheduled, listTasks } from './list-tasks.js';

export const TASKS_ROUTES: readonly Route[] = [
  read('tasks', listTasks),
  read('scheduled', listScheduled),
  bulk('tasks/run', {
    action: 'reschedule',
    subject: subjectOfIds,
    run: (call, report) => each(call, report, (id) => call.inspector.tasks.runNow(id, { by: call.by })),
  }),
  bulk('tasks/move', {
    action: 'reschedule',
    subject: (call) => {
      timeOf(call.body);
      return subjectOfIds(call);
    },
    run: (call, report) => {
      // one time for all
      const when = timeOf(call.body);
      return each(call, report, (id) => call.inspector.tasks.moveTo(id, when, { by: call.by }));
    },
  }),
];

/** Moves scheduled tasks one by one, each only if this person may move it. */
async function each(
  call: Call,
  report: (progress: BulkProgress) => void,
  move: (id: string) => Promise<string>,
): Promise<BulkResult> {
  const ids = idsIn(call.body);
  const skipped: Record<string, number> = {};
  let [count, handled] = [0, 0];
  for (const id of ids) {
    if (call.signal.aborted) throw new Refused(499, 'STOPPED', `Stopped after ${handled} of ${ids.length}.`);
    const found = await moved(call, id, move);
    if (found === 'scheduled') count += 1;
    else skipped[found] = (skipped[found] ?? 0) + 1;
    handled += 1;
    report({ handled, total: ids.length });
  }
  return { count, skipped };
}

async function moved({ inspector, rights }: Call, id: string, move: (id: string) => Promise<string>): Promise<string> {
  const task = await inspector.tasks.get(id);
  if (!task) return 'unknown';
  const { queue, task: name } = task;
  return (await rights.may('reschedule', { id, queue, task: name })) ? move(id) : 'not allowed';
}
