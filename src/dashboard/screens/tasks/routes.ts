import type { Duration } from '../../../values/duration.js';
import { idsIn } from '../../http/ids.js';
import { type BulkProgress, type BulkResult, bulk, type Call, type Route, read } from '../../http/route.js';
import { timeOf } from '../task/new-time.js';
import { cancelMatching, readPreview, rescheduleMatching, subjectOfMany } from './act-on-matching.js';
import { listScheduled, listTasks } from './list-tasks.js';
import { TASK_QUESTIONS } from './questions.js';

type Report = (progress: BulkProgress) => void;

export const TASKS_ROUTES: readonly Route[] = [
  ...TASK_QUESTIONS,
  read('tasks', listTasks),
  read('scheduled', listScheduled),
  read('tasks/preview', readPreview),
  bulk('tasks/run', {
    action: 'reschedule',
    subject: subjectOfMany,
    run: (call, report) => reschedule(call, undefined, report),
  }),
  bulk('tasks/move', {
    action: 'reschedule',
    subject: (call) => {
      timeOf(call.body);
      return subjectOfMany(call);
    },
    run: (call, report) => reschedule(call, timeOf(call.body), report),
  }),
  bulk('tasks/cancel', {
    action: 'cancel',
    subject: subjectOfMany,
    run: async (call, report) => {
      if (call.body.ids === undefined) return cancelMatching(call, report);
      const counts = await call.inspector.tasks.cancelEach(idsIn(call.body), eachOf(call, 'cancel', report));
      const { pending = 0, scheduled = 0, quarantined = 0, active = 0, ...skipped } = counts;
      return { count: pending + scheduled + quarantined + active, skipped };
    },
  }),
];

async function reschedule(call: Call, when: Date | Duration | undefined, report: Report): Promise<BulkResult> {
  if (call.body.ids === undefined) return rescheduleMatching(call, when, report);
  const options = eachOf(call, 'reschedule', report);
  const { scheduled: count = 0, ...skipped } = await call.inspector.tasks.rescheduleEach(
    idsIn(call.body),
    when,
    options,
  );
  return { count, skipped };
}

/** One by one, each only if this person may do it. */
function eachOf(
  { by, body, rights, signal }: Call,
  action: 'cancel' | 'reschedule',
  report: Report,
): Parameters<Call['inspector']['tasks']['cancelEach']>[1] {
  const total = idsIn(body).length;
  const may = (task: Parameters<typeof rights.may>[1]): Promise<boolean> => rights.may(action, task);
  return { by, may, signal, onProgress: (handled, count) => report({ handled, count, total }) };
}
